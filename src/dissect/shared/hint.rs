//! Hints: what a request has that servers refuse or take for something else. One name, a summary for each kind.

experts! {
    UNORDERED: Note Protocol, "aerospike.expert.hint", "The value says that it is ordered, but is not: servers answer UNKNOWN (1)";
    KEY_TYPE: Note Protocol, "aerospike.expert.hint", "A map key that is no integer, string or blob: servers from 7.1 on refuse it";
    NOT_BOOLEAN: Note Protocol, "aerospike.expert.hint", "The filter is not boolean: servers refuse it";
    NO_BINS: Note Protocol, "aerospike.expert.hint", "The request reads neither named bins nor all of them (GET_ALL)";
    ORDER_BITS: Note Protocol, "aerospike.expert.hint", "The order has bits that only write flags have";
}

//! The hot key report, which may have a row for each of very many records: kept small, and added up over captures.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use serde_json::{Map, Value, json};

/// Records at most; of more, those with the fewest requests are let go.
const RECORDS: usize = 400_000;

/// Counts that add up, by the column they come from.
pub const COUNTS: [&str; 5] = ["Requests", "Responses", "Reads", "Writes", "Errors"];
/// Their places.
const REQUESTS: usize = 0;
const RESPONSES: usize = 1;

/// What is known of a record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HotKey {
    /// Its namespace.
    pub namespace: String,
    /// Its set; may be empty.
    pub set: String,
    /// The user key as the Info column has it; empty where the captures do not show it.
    pub key: String,
    /// As hex.
    pub digest: String,
    /// By [`COUNTS`].
    pub counts: [u64; COUNTS.len()],
    /// Sum of the response times, in milliseconds, and the longest.
    pub time: (f64, f64),
    /// Bytes of requests and answers, where the plugin says them.
    pub bytes: Option<f64>,
    /// Answers NOT_FOUND, where the plugin says them.
    pub not_found: Option<f64>,
    /// Finds its packets.
    pub filter: String,
    /// Its first request, in the capture that is named second.
    pub first_frame: (u64, usize),
}

impl HotKey {
    /// Requests.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.counts[REQUESTS]
    }

    /// Mean response time in milliseconds.
    #[must_use]
    pub fn mean_ms(&self) -> f64 {
        self.time.0 / self.counts[RESPONSES].max(1) as f64
    }

    fn add(&mut self, other: Self) {
        for (sum, count) in self.counts.iter_mut().zip(other.counts) {
            *sum += count;
        }
        self.time = (self.time.0 + other.time.0, self.time.1.max(other.time.1));
        let sum = |one: Option<f64>, other: Option<f64>| one.zip(other).map(|(one, other)| one + other);
        self.bytes = sum(self.bytes, other.bytes);
        self.not_found = sum(self.not_found, other.not_found);
        if self.key.is_empty() {
            self.key = other.key;
        }
    }
}

/// All records.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HotKeys {
    records: HashMap<(String, String), HotKey>,
    /// The row of all keys, whatever became of the single ones.
    pub all: HotKey,
    /// Records that the plugin or we had no room for.
    pub is_cut: bool,
}

impl HotKeys {
    /// Adds what a file of the plugin has.
    ///
    /// # Errors
    /// Those of the file.
    pub fn read(&mut self, path: &Path) -> io::Result<()> {
        self.parse(io::BufReader::new(std::fs::File::open(path)?))
    }

    fn parse(&mut self, from: impl io::Read) -> io::Result<()> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(from);
        let columns = Columns::of(reader.headers()?);
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record)? {
            let row = columns.read(&record);
            if columns.text(&record, columns.digest).is_empty() {
                // Of the table of all keys; the others are shares of it.
                if columns.text(&record, columns.namespace) == "all keys" {
                    self.all.add(row);
                }
                continue;
            }
            self.add(row);
        }
        Ok(())
    }

    fn add(&mut self, row: HotKey) {
        let key = (row.digest.clone(), row.namespace.clone());
        match self.records.get_mut(&key) {
            Some(record) => record.add(row),
            None => {
                self.records.insert(key, row);
                if self.records.len() > RECORDS {
                    self.let_go();
                }
            }
        }
    }

    /// Keeps the hotter half.
    fn let_go(&mut self) {
        let mut requests: Vec<u64> = self.records.values().map(HotKey::requests).collect();
        let (_, median, _) = requests.select_nth_unstable(RECORDS / 2);
        let median = *median;
        let hotter = self
            .records
            .values()
            .filter(|record| record.requests() > median)
            .count();
        let mut room = (RECORDS / 2).saturating_sub(hotter);
        self.records.retain(|_, record| {
            let is_as_hot = record.requests() == median && room > 0;
            room -= usize::from(is_as_hot);
            is_as_hot || record.requests() > median
        });
        self.is_cut = true;
    }

    /// Adds those of another capture, of which this is the number.
    pub fn merge(&mut self, other: Self, number: usize) {
        self.all.add(other.all);
        self.is_cut |= other.is_cut;
        for (_, mut record) in other.records {
            record.first_frame.1 = number;
            self.add(record);
        }
    }

    /// How many records are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The hottest first: by requests, then by name, so that a report is the same every time.
    #[must_use]
    pub fn hottest(&self, count: usize) -> Vec<&HotKey> {
        let mut records: Vec<&HotKey> = self.records.values().collect();
        let order = |record: &&HotKey| {
            (
                std::cmp::Reverse(record.requests()),
                record.digest.clone(),
                record.namespace.clone(),
            )
        };
        if records.len() > count && count > 0 {
            records.select_nth_unstable_by_key(count - 1, order);
            records.truncate(count);
        }
        records.sort_by_key(order);
        records.truncate(count);
        records
    }

    /// What share of all requests the hottest have, if there are requests.
    #[must_use]
    pub fn share(&self, hottest: usize) -> Option<f64> {
        let all = self.all.requests();
        let sum: u64 = self.hottest(hottest).iter().map(|record| record.requests()).sum();
        (all > 0).then(|| sum as f64 / all as f64)
    }

    /// For changes in place, such as hiding.
    pub fn records_mut(&mut self) -> impl Iterator<Item = &mut HotKey> {
        self.records.values_mut()
    }

    /// For programs: the hottest of them.
    #[must_use]
    pub fn to_json(&self, count: usize) -> Value {
        let records = self.hottest(count).into_iter().map(|record| {
            let mut object = Map::new();
            for (name, text) in [
                ("namespace", &record.namespace),
                ("set", &record.set),
                ("key", &record.key),
                ("digest", &record.digest),
            ] {
                if !text.is_empty() {
                    object.insert(name.to_owned(), json!(text));
                }
            }
            for (name, count) in COUNTS.iter().zip(record.counts) {
                object.insert(name.to_lowercase(), json!(count));
            }
            object.insert("mean_ms".to_owned(), json!(record.mean_ms()));
            object.insert("max_ms".to_owned(), json!(record.time.1));
            for (name, number) in [("bytes", record.bytes), ("not_found", record.not_found)] {
                if let Some(number) = number {
                    object.insert(name.to_owned(), json!(number.round()));
                }
            }
            Value::Object(object)
        });
        json!({
            "keys": self.len(),
            "requests": self.all.requests(),
            "is_cut": self.is_cut,
            "hottest": records.collect::<Vec<_>>(),
        })
    }
}

/// Where the columns are that are read.
struct Columns {
    namespace: Option<usize>,
    set: Option<usize>,
    key: Option<usize>,
    digest: Option<usize>,
    filter: Option<usize>,
    first_frame: Option<usize>,
    mean: Option<usize>,
    max: Option<usize>,
    rates: (Option<usize>, Option<usize>),
    not_found: Option<usize>,
    counts: [Option<usize>; COUNTS.len()],
}

impl Columns {
    fn of(headers: &csv::StringRecord) -> Self {
        let place = |name: &str| headers.iter().position(|header| header == name);
        Self {
            namespace: place("Namespace"),
            set: place("Set"),
            key: place("Key"),
            digest: place("Digest"),
            filter: place("Filter"),
            first_frame: place("First frame"),
            mean: place("Mean ms"),
            max: place("Max ms"),
            rates: (place("Requests/s"), place("Bytes/s")),
            not_found: place("% NOT_FOUND"),
            counts: COUNTS.map(place),
        }
    }

    fn text<'r>(&self, record: &'r csv::StringRecord, place: Option<usize>) -> &'r str {
        place.and_then(|place| record.get(place)).unwrap_or_default()
    }

    fn number(&self, record: &csv::StringRecord, place: Option<usize>) -> Option<f64> {
        self.text(record, place).parse().ok()
    }

    /// The plugin gives rates: requests and their rate tell the time that bytes are divided by.
    fn bytes(&self, record: &csv::StringRecord, requests: f64) -> Option<f64> {
        let requests_a_second = self.number(record, self.rates.0).filter(|rate| *rate > 0.0)?;
        Some(self.number(record, self.rates.1)? * requests / requests_a_second)
    }

    fn read(&self, record: &csv::StringRecord) -> HotKey {
        let text = |place| self.text(record, place).to_owned();
        let counts = self
            .counts
            .map(|place| self.number(record, place).map_or(0, |count| count as u64));
        let responses = counts[RESPONSES] as f64;
        HotKey {
            namespace: text(self.namespace),
            set: text(self.set),
            key: text(self.key),
            digest: text(self.digest),
            counts,
            time: (
                self.number(record, self.mean).unwrap_or(0.0) * responses,
                self.number(record, self.max).unwrap_or(0.0),
            ),
            bytes: self.bytes(record, counts[REQUESTS] as f64),
            not_found: self
                .number(record, self.not_found)
                .map(|percent| percent / 100.0 * responses),
            filter: text(self.filter),
            first_frame: (
                self.number(record, self.first_frame)
                    .map_or(0, |frame| frame as u64),
                0,
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: &str = "Table,Rank,Namespace,Set,Key,Requests,Mean ms,Max ms,Reads,Writes,Responses,Errors,Digest\n\
        All keys,1,all keys,,2 keys,30,1,9,20,10,30,0,\n\
        All keys,2,top 1,,,20,,,,,,,\n\
        \"Keys, hottest first\",1,test,demo,\"\"\"a\"\"\",20,2,9,15,5,20,0,aa\n\
        \"Keys, hottest first\",2,test,demo,,10,4,5,5,5,5,1,bb\n";

    #[test]
    fn captures_add_up() {
        let mut keys = HotKeys::default();
        for number in 0..2 {
            let mut one = HotKeys::default();
            one.parse(CSV.as_bytes()).unwrap();
            keys.merge(one, number);
        }
        assert_eq!((keys.len(), keys.all.requests()), (2, 60));
        let hottest = keys.hottest(1)[0];
        assert_eq!(
            (hottest.key.as_str(), hottest.requests(), hottest.mean_ms()),
            ("\"a\"", 40, 2.0)
        );
        assert_eq!(keys.share(1), Some(40.0 / 60.0));
        assert_eq!(keys.hottest(9).len(), 2);
    }

    #[test]
    fn bytes_follow_from_the_rates() {
        let csv = "Table,Namespace,Requests,Responses,Digest,Requests/s,Bytes/s,% NOT_FOUND\nKeys,test,20,10,aa,10,500,20\n";
        let mut keys = HotKeys::default();
        keys.parse(csv.as_bytes()).unwrap();
        let record = keys.hottest(1)[0];
        assert_eq!((record.bytes, record.not_found), (Some(1000.0), Some(2.0)));
    }

    #[test]
    fn the_coldest_are_let_go_and_that_is_said() {
        let mut keys = HotKeys::default();
        for number in 0..=RECORDS as u64 {
            keys.add(HotKey {
                digest: format!("{number:x}"),
                counts: [1 + number % 7, 0, 0, 0, 0],
                ..HotKey::default()
            });
        }
        assert!(keys.is_cut && keys.len() <= RECORDS / 2);
        assert_eq!(keys.hottest(1)[0].requests(), 7);
    }
}

//! Fields of expressions.

use crate::wire::values::tables::expression_ops::{
    ExpFlags, ExpOp, LoopVariable, RegexFlags, ResultType, Runner,
};

fields! {
    EXP_TEXT: String, "aerospike.exp.text", "Expression", "The expression as text";
    EXPRESSION: String, "aerospike.exp", "Expression", "An expression, also inside another";
    EVALUATION: String, "aerospike.exp.operation", "Expression operation", "An expression with the flags of its operation";
    EXP_OP: U8, "aerospike.exp.op", "Opcode", "What the expression does" .values(ExpOp::TABLE);
    TYPE: U8, "aerospike.exp.type", "Type", "Type of a bin, key, variable or result" .values(ResultType::TABLE);
    VARIABLE: String, "aerospike.exp.var", "Variable", "Name of a variable";
    PATTERN: String, "aerospike.exp.pattern", "Pattern", "Regular expression";
    AEL: String, "aerospike.exp.ael", "AEL", "Expression as text that the server compiles";
    DEFINITION: String, "aerospike.exp.def", "Definition", "A variable with its value";
    LOOP_VARIABLE: U8, "aerospike.exp.loop_variable", "Loop variable", "What a loop variable of a path selection stands for" .values(LoopVariable::TABLE);
    SYSTEM: U8, "aerospike.exp.system", "System", "Who runs the call inside an expression" .values(Runner::TABLE);
    MODIFY: Boolean, "aerospike.exp.system.modify", "Modify", "The call changes a copy of its operand and gives it back";
}

bit_sets! {
    EXP_FLAGS: U8 of ExpFlags, "aerospike.exp.flags", "Expression flags", "Flags of an expression operation";
    REGEX_FLAGS: U8 of RegexFlags, "aerospike.exp.regex_flags", "Regex flags", "Flags of a regular expression (POSIX)";
}

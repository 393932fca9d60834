//! Expressions: filters, index expressions, expression operations.

use super::cdt::Numbered;
use super::value;
use super::walk::{self, Name, Subject};
use crate::epan::{Field, Guarded, Tree};
use crate::wire::values::call::{Coded, Table};
use crate::wire::values::expression_ops::{
    ExpFlags, ExpOp, LoopVariable, RegexFlags, ResultType, Runner, System,
};
use crate::wire::values::value_text::ExpressionText;

fields! {
    EXP_TEXT: String, "aerospike.exp.text", "Expression", "The expression as text";
    EXPRESSION: None, "aerospike.exp", "Expression", "An expression, also inside another";
    EVALUATION: None, "aerospike.exp.operation", "Expression operation", "An expression with the flags of its operation";
    EXP_OP: U8, "aerospike.exp.op", "Opcode", "What the expression does" .values(ExpOp::TABLE);
    TYPE: U8, "aerospike.exp.type", "Type", "Type of a bin, key, variable or result" .values(ResultType::TABLE);
    VARIABLE: String, "aerospike.exp.var", "Variable", "Name of a variable";
    PATTERN: String, "aerospike.exp.pattern", "Pattern", "Regular expression";
    AEL: String, "aerospike.exp.ael", "AEL", "Expression as text that the server compiles";
    DEFINITION: None, "aerospike.exp.def", "Definition", "A variable with its value";
    LOOP_VARIABLE: U8, "aerospike.exp.loop_variable", "Loop variable", "What a loop variable of a path selection stands for" .values(LoopVariable::TABLE);
    SYSTEM: U8, "aerospike.exp.system", "System", "Who runs the call inside an expression" .values(Runner::TABLE);
    MODIFY: Boolean, "aerospike.exp.system.modify", "Modify", "The call changes a copy of its operand and gives it back";
}

bit_sets! {
    EXP_FLAGS: U8 of ExpFlags, "aerospike.exp.flags", "Expression flags", "Flags of an expression operation";
    REGEX_FLAGS: U8 of RegexFlags, "aerospike.exp.regex_flags", "Regex flags", "Flags of a regular expression (POSIX)";
}

/// A filter or index expression, under its field's heading.
///
/// # Errors
/// What Wireshark threw.
pub fn expression<'p>(tree: &Tree<'p>, input: &'p [u8]) -> Guarded {
    tree.text(&EXP_TEXT, input, format_args!("{}", ExpressionText(input)))?
        .generated();
    if !value::is_call_wanted(tree) {
        return Ok(());
    }
    walk::items(
        tree,
        Subject::new("expression"),
        input,
        crate::wire::values::expression::expression,
    )
}

/// The value of an expression operation; its text is there already.
///
/// # Errors
/// What Wireshark threw.
pub fn evaluation<'p>(tree: &Tree<'p>, input: &'p [u8]) -> Guarded {
    walk::items(
        tree,
        Subject::new("expression operation"),
        input,
        crate::wire::values::expression::evaluation,
    )
}

/// The field of a code in an expression.
#[must_use]
pub fn field_of(table: Table) -> Option<&'static Field> {
    Some(match table {
        Table::ExpOp => &EXP_OP,
        Table::ResultType | Table::BinType | Table::KeyType | Table::LoopType => &TYPE,
        Table::LoopVariable => &LOOP_VARIABLE,
        Table::System => &SYSTEM,
        _ => return None,
    })
}

/// A code in an expression.
///
/// # Errors
/// What Wireshark threw.
pub fn coded(tree: &Tree<'_>, part: &[u8], name: Name, coded: Coded, bits: u32) -> Guarded {
    let Some(of) = field_of(coded.table) else {
        return Ok(());
    };
    if coded.table != Table::System {
        tree.uint(of, part, bits)?
            .label(format_args!("{name}: {}", Numbered(coded)));
        return Ok(());
    }
    let system = System(u8::try_from(bits).unwrap_or_default());
    let item = tree.uint(of, part, u32::from(system.runner().0))?;
    item.label(format_args!("{name}: {}", Numbered(coded)));
    tree.under(item, of)?.boolean(&MODIFY, part, system.modifies())?;
    Ok(())
}

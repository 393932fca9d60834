//! The info protocol: lines of commands and answers, and the shapes of their values.
//!
//! A request of two commands, and the answer to the first:
//!
//! ```
//! use aerospike::wire::info::message::{CommandOutcome, answers, commands, outcome};
//!
//! let names: Vec<_> = commands(b"build\nget-config:context=service\n").map(|command| command.name).collect();
//! assert_eq!(names, [&b"build"[..], b"get-config"]);
//! let answer = answers(b"build\t8.1.0.3\n").next().unwrap();
//! assert_eq!((answer.echo.unwrap().name, answer.value), (&b"build"[..], &b"8.1.0.3"[..]));
//! assert!(matches!(outcome(answer.value), CommandOutcome::Value));
//! ```

pub mod cluster;
pub mod message;
pub mod partitions;
pub mod text_port;
pub mod value;

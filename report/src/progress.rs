//! A bar by packets on the terminal, if there is one.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::side::Progress;

/// The bar.
#[derive(Debug)]
pub struct Bar(ProgressBar);

impl Bar {
    /// One that is not drawn if it is to be quiet, or standard error is no terminal.
    #[must_use]
    pub fn new(is_quiet: bool) -> Self {
        let target = if is_quiet {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(style("{spinner} {human_pos} packets  {wide_msg}"));
        Self(bar)
    }

    /// Takes it away.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Progress for Bar {
    fn total(&self, packets: Option<u64>) {
        if let Some(packets) = packets {
            self.0.set_length(packets);
            self.0.set_style(style(
                "{bar:30} {percent:>3} % of {human_len} packets, {eta} left  {wide_msg}",
            ));
        }
    }

    fn done(&self, packets: u64) {
        self.0.set_position(packets);
    }

    fn says(&self, what: &str) {
        self.0.set_message(format!("reading {what}"));
    }
}

//! Where the command writes: standard output for data, standard error for people.

use std::fmt;
use std::io::{self, BufWriter, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;

use super::exit::Failure;

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    fn on(self, auto: anstream::ColorChoice) -> bool {
        match self {
            Self::Auto => auto != anstream::ColorChoice::Never,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// The two streams of one run.
pub struct Streams<'a> {
    /// Data.
    pub out: &'a mut dyn Write,
    /// For people. Nothing is lost when it cannot be written to, so errors there are passed over.
    pub err: &'a mut dyn Write,
    /// Colour on `out`.
    pub out_color: bool,
    /// Colour on `err`.
    pub err_color: bool,
    /// Whether a person is watching `err`: only then is there a progress bar.
    pub watched: bool,
}

/// Runs `action` with the process's own streams, buffered and locked once.
pub fn with_streams<T>(
    color: Color,
    action: impl FnOnce(&mut Streams<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let stdout = io::stdout();
    let stderr = io::stderr();
    let mut out = BufWriter::with_capacity(64 * 1024, stdout.lock());
    let mut err = io::LineWriter::new(io::stderr());
    let mut streams = Streams {
        out_color: color.on(anstream::AutoStream::choice(&stdout)),
        err_color: color.on(anstream::AutoStream::choice(&stderr)),
        watched: stderr.is_terminal(),
        out: &mut out,
        err: &mut err,
    };
    let result = action(&mut streams);
    let flushed = streams.out.flush().map_err(Failure::stdout);
    // What stopped the run matters more than that its last words were lost.
    let result = result.and_then(|value| flushed.map(|()| value));
    if let Err(Failure::Stopped { what, help }) = &result {
        streams.complain(what, help.as_deref());
    }
    result
}

impl Streams<'_> {
    /// Writes data.
    ///
    /// # Errors
    ///
    /// When standard output cannot be written to.
    pub fn data(&mut self, text: fmt::Arguments<'_>) -> Result<(), Failure> {
        self.out.write_fmt(text).map_err(Failure::stdout)
    }

    /// Tells a person something, with the end of the line.
    pub fn say(&mut self, text: fmt::Arguments<'_>) {
        let _ = self.err.write_fmt(text);
        let _ = self.err.write_all(b"\n");
    }

    /// Tells a person what could not be done.
    pub fn complain(&mut self, what: &str, help: Option<&str>) {
        let paint = Paint(self.err_color);
        self.say(format_args!("{}: {what}", paint.error("error")));
        if let Some(help) = help {
            self.say(format_args!("  {}: {help}", paint.help("help")));
        }
    }

    /// Tells a person something that need not stop anything.
    pub fn note(&mut self, what: &str) {
        let paint = Paint(self.err_color);
        self.say(format_args!("{}: {what}", paint.warning("note")));
    }
}

/// Colour, or none.
#[derive(Clone, Copy, Debug)]
pub struct Paint(
    /// Whether there is any.
    pub bool,
);

impl Paint {
    /// Something that failed.
    pub fn error<T>(self, text: T) -> Painted<T> {
        self.with(AnsiColor::Red.on_default().bold(), text)
    }

    /// Something that deserves a look.
    pub fn warning<T>(self, text: T) -> Painted<T> {
        self.with(AnsiColor::Yellow.on_default().bold(), text)
    }

    /// Something that went well.
    pub fn good<T>(self, text: T) -> Painted<T> {
        self.with(AnsiColor::Green.on_default().bold(), text)
    }

    /// Advice.
    pub fn help<T>(self, text: T) -> Painted<T> {
        self.with(AnsiColor::Cyan.on_default(), text)
    }

    /// A heading.
    pub fn bold<T>(self, text: T) -> Painted<T> {
        self.with(Style::new().bold(), text)
    }

    fn with<T>(self, style: Style, text: T) -> Painted<T> {
        Painted { style: if self.0 { style } else { Style::new() }, text }
    }
}

/// Text in a colour.
#[derive(Clone, Copy, Debug)]
pub struct Painted<T> {
    style: Style,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.style)?;
        self.text.fmt(f)?;
        write!(f, "{:#}", self.style)
    }
}

/// `1 batch`, `2 batches`, `12,345 batches`.
#[must_use]
pub fn count(number: u64, what: &str) -> String {
    let digits = grouped(number);
    match what {
        _ if number == 1 => format!("{digits} {what}"),
        "batch" => format!("{digits} batches"),
        "retry" => format!("{digits} retries"),
        _ => format!("{digits} {what}s"),
    }
}

/// Digits in groups of three.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bytes in the unit that fits, decimal.
#[must_use]
pub fn bytes(number: u64) -> String {
    #[allow(clippy::cast_precision_loss)] // shown with one digit after the point
    let exact = number as f64;
    match number {
        0..1_000 => count(number, "byte"),
        1_000..1_000_000 => format!("{:.1} kB", exact / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", exact / 1e6),
        _ => format!("{:.2} GB", exact / 1e9),
    }
}

/// Breaks text into lines of at most `width` characters, where it has spaces.
#[must_use]
pub fn wrap(text: &str, width: usize, indent: &str) -> String {
    let mut out = String::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            out.push('\n');
            used = 0;
        }
        if used == 0 {
            out.push_str(indent);
        } else {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += length;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(1, "batch"), "1 batch");
        assert_eq!(count(1_234_567, "batch"), "1,234,567 batches");
        assert_eq!(count(0, "retry"), "0 retries");
        assert_eq!(bytes(999), "999 bytes");
        assert_eq!(bytes(643_359), "643.4 kB");
        assert_eq!(bytes(200_000_000), "200.0 MB");
    }

    #[test]
    fn text_is_broken_at_spaces_and_nothing_is_lost() {
        assert_eq!(wrap("one two three", 7, "  "), "  one two\n  three");
        assert_eq!(wrap("incomprehensibilities are long", 5, ""), "incomprehensibilities\nare\nlong");
    }

    #[test]
    fn without_colour_there_are_no_escapes() {
        assert_eq!(Paint(false).error("x").to_string(), "x");
        assert!(Paint(true).error("x").to_string().starts_with('\u{1b}'));
    }
}

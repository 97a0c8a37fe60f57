//! How shaders are composed: files are appended to a variant's own. There is no other rule, so line numbers
//! stay those of the files, and no two files may declare the same name.
//!
//! A variant's header names the files of `shaders/shared` that follow it, in this order, for example
//! `// shares: elements, tiled_product`; the activation comes last, if the kernel has one. The result is a
//! shader like any other, which shares nothing.

use super::foreign::Foreign;
use super::kernel::{Source, sources};
use super::tunable::{self, Tunable, tunables};
use crate::error::{Error, Result};
use std::borrow::Cow;
use std::fmt;

/// The folder of the shared files, next to those of the kernels.
pub const FOLDER: &str = "shared";

/// The shared files that ship, by name.
pub const SHARED: &[Source] = sources!(
    "shared": "operands_nn", "operands_nt", "operands_tn", "elements", "blocked_product", "tiled_factors",
    "tiled_product", "subgroup_sums", "subgroup_stretches", "subgroup_store", "subgroup_product",
    "cooperative_product"
);

/// The functions of an activation that kernels call.
pub const FUNCTIONS: [&str; 2] = ["activate", "activation_gradient"];

/// How the header line that names shared files begins, and how it begins in the composed shader.
const MARKS: [&str; 2] = ["// shares:", "// composed with:"];

/// One of the files that a shader is composed of.
#[derive(Clone, Debug)]
pub struct Part {
    /// What messages call its file.
    pub place: String,
    /// Its source.
    pub text: Cow<'static, str>,
    /// Whether it is as shipped, except for values of tunables.
    pub ships: bool,
}

impl Part {
    /// A file that ships with the crate, in a folder of `shaders`.
    #[must_use]
    pub fn shipped(folder: &str, name: &str, text: &'static str) -> Self {
        Self { place: format!("shaders/{folder}/{name}.wgsl"), text: text.into(), ships: true }
    }
}

/// The names of the files that a variant shares, in the order in which they follow it.
pub fn shares(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().take_while(|line| line.starts_with("//"));
    lines
        .filter_map(|line| line.strip_prefix(MARKS[0]))
        .flat_map(|names| names.split(','))
        .map(str::trim)
}

impl Source {
    /// The whole source, including what it shares.
    #[must_use]
    pub fn composed(&self) -> String {
        let shared = |name| SHARED.iter().find(|shared| shared.variant == name);
        let parts = shares(self.text).filter_map(shared).map(|shared| shared.text);
        let own = self.text.replacen(MARKS[0], MARKS[1], 1);
        parts.fold(own, |whole, part| whole + "\n" + part)
    }
}

/// A line of one of a shader's files.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Line {
    /// What messages call its file.
    pub place: String,
    /// Its number there, from 1.
    pub number: usize,
    /// The line, without the space around it.
    pub code: String,
}

/// For display: `shaders/sgd/naive.wgsl:27`.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.place, self.number)
    }
}

/// The files of a shader, from the variant's own to the activation's.
#[derive(Clone, Debug)]
pub struct Composition {
    parts: Vec<Part>,
    /// The activation's directives.
    directives: String,
}

impl Composition {
    /// A variant's own file with those that it shares, which `shared` finds by name.
    ///
    /// # Errors
    /// Those of `shared`.
    pub fn new(mut own: Part, shared: impl Fn(&str) -> Result<Part>) -> Result<Self> {
        let behind = shares(&own.text).map(shared).collect::<Result<Vec<_>>>()?;
        if !behind.is_empty() {
            own.text = own.text.replacen(MARKS[0], MARKS[1], 1).into();
        }
        let parts = [own].into_iter().chain(behind).collect();
        Ok(Self { parts, directives: String::new() })
    }

    /// The same with an activation appended. The names of a user-supplied one are made unique, except for those
    /// of its two functions.
    ///
    /// # Errors
    /// [`Error::Shader`] when one of its directives requests an unsupported feature.
    pub fn and_activation(mut self, mut part: Part) -> Result<Self> {
        if !part.ships {
            let Foreign { text, directives } =
                Foreign::new(&part.text, &part.place, &self.text(), &FUNCTIONS)?;
            part.text = text.into();
            // Before everything else, without a line of their own.
            self.directives = directives;
        }
        self.parts.push(part);
        Ok(self)
    }

    /// What messages call the variant's file.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.parts[0].place
    }

    /// The variant's own source.
    #[must_use]
    pub fn own(&self) -> &str {
        &self.parts[0].text
    }

    /// Whether all of it is as shipped, except for values of tunables.
    #[must_use]
    pub fn ships(&self) -> bool {
        self.parts.iter().all(|part| part.ships)
    }

    /// The whole source.
    #[must_use]
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.parts.iter().map(|part| part.text.as_ref()).collect();
        self.directives.clone() + &texts.join("\n")
    }

    /// Its tunables, in source order.
    ///
    /// # Errors
    /// [`Error::Shader`] with the file and line of an invalid tunable.
    pub fn tunables(&self) -> Result<Vec<Tunable>> {
        let of = |part: &Part| {
            tunables(&part.text).map_err(|why| Error::Shader(format!("{}: {why}", part.place)))
        };
        Ok(self.parts.iter().map(of).collect::<Result<Vec<_>>>()?.concat())
    }

    /// Sets a tunable, in whichever file has it.
    ///
    /// # Errors
    /// [`Error::Config`] with the tunables that exist, or the values that this one may have.
    pub fn set(&mut self, name: &str, value: u32) -> Result<()> {
        let offers = |part: &&mut Part| {
            tunables(&part.text).is_ok_and(|all| all.iter().any(|tunable| tunable.name == name))
        };
        let refused = |place: &str, why| Error::Config(format!("{place}: {why}"));
        let Some(part) = self.parts.iter_mut().find(offers) else {
            let set = tunable::set(&self.text(), name, value);
            return set.map(|_| ()).map_err(|why| refused(self.place(), why));
        };
        let set = tunable::set(&part.text, name, value).map_err(|why| refused(&part.place, why))?;
        part.text = set.into();
        Ok(())
    }

    /// One of naga's messages about the whole source, which it calls by the variant's place, with each line
    /// given by its own file and its number there.
    #[must_use]
    pub fn relocated(&self, message: &str) -> String {
        let mut named = 0;
        let lines = message.lines().map(|line| {
            if let Some((before, place)) = line.split_once("┌─ ")
                && let Some(place) = place.strip_prefix(self.place())
                && let Some((number, column)) = place.trim_start_matches(':').split_once(':')
                && let Ok(number) = number.parse()
            {
                let (part, number) = self.locate(number);
                named = part;
                return format!("{before}┌─ {}:{number}:{column}", self.parts[part].place);
            }
            let Some((gutter, code)) = line.split_once(" │") else { return line.to_owned() };
            let Ok(number) = gutter.trim().parse() else { return line.to_owned() };
            let (part, number) = self.locate(number);
            let width = gutter.chars().count();
            match part == named {
                true => format!("{number:>width$} │{code}"),
                false => format!("{number:>width$} │{code} // {}", self.parts[part].place),
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The line at an offset into the whole source: its file, its number there, and its code.
    #[must_use]
    pub fn line_at(&self, offset: usize) -> Line {
        let whole = self.text();
        let before = &whole.as_bytes()[..offset.min(whole.len())];
        let number = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let (part, number) = self.locate(number);
        let part = &self.parts[part];
        let code = part.text.lines().nth(number - 1).unwrap_or_default().trim().to_owned();
        Line { place: part.place.clone(), number, code }
    }

    /// The number of the part that contains a line of the whole source, and the line's number there.
    fn locate(&self, mut line: usize) -> (usize, usize) {
        for (number, part) in self.parts.iter().enumerate() {
            let lines = part.text.matches('\n').count() + 1;
            if line <= lines {
                return (number, line);
            }
            line -= lines;
        }
        (self.parts.len() - 1, line)
    }
}

//! Tunables: the constants that a shader offers for tuning, written in it as
//! `const TILE_M: u32 = 64u; // tune: 32 64 128`, or the same with `override` for `const`.
//!
//! By default, a file runs unchanged. Setting a tunable rewrites that number in the source and nothing else.

use crate::error::unknown;
use std::ops::Range;

/// One constant that a shader offers for tuning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tunable {
    /// The constant's name.
    pub name: String,
    /// Its value in the source.
    pub value: u32,
    /// The values that it may have.
    pub choices: Vec<u32>,
    /// Where the digits of the value are in the source.
    place: Range<usize>,
}

/// The mark before a tunable's choices.
const MARK: &str = "// tune:";

/// The tunables of a shader, in source order.
///
/// # Errors
/// The line with the mark that is not of the form `const NAME: u32 = VALUE; // tune: VALUE …`, or whose value
/// is not among its choices.
pub fn tunables(text: &str) -> Result<Vec<Tunable>, String> {
    let mut found = Vec::new();
    let mut start = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if line.contains(MARK) {
            let tunable = tunable(line, start).ok_or_else(|| {
                format!(
                    "line {}: `{}` is not a valid tunable; write `const NAME: u32 = 64u; // tune: 32 64 128`, \
                     with the value among those after the mark",
                    number + 1,
                    line.trim()
                )
            })?;
            found.push(tunable);
        }
        start += line.len();
    }
    Ok(found)
}

/// The tunable in a line that begins at `start`.
fn tunable(line: &str, start: usize) -> Option<Tunable> {
    let (code, choices) = line.split_once(MARK)?;
    let (name, value) = declared(code)?.split_once('=')?;
    let name = name.split(':').next()?.trim().to_owned();
    let value = value.trim().strip_suffix(';')?.trim();
    let digits = value.strip_suffix('u').unwrap_or(value);
    let place = start + code.find('=')? + code.split_once('=')?.1.find(digits)? + 1;
    let place = place..place + digits.len();
    let choices = choices.split_whitespace().map(str::parse).collect::<Result<Vec<u32>, _>>();
    let (value, choices) = (digits.parse().ok()?, choices.ok()?);
    choices.contains(&value).then_some(Tunable { name, value, choices, place })
}

/// The rest of a constant's declaration, from its name on.
fn declared(code: &str) -> Option<&str> {
    let code = code.trim_start();
    let code = match code.strip_prefix("@id") {
        Some(numbered) => numbered.split_once(')')?.1.trim_start(),
        None => code,
    };
    code.strip_prefix("const ").or_else(|| code.strip_prefix("override "))
}

/// The source with a tunable set.
///
/// # Errors
/// A sentence listing the tunables that exist, or the values that this one may have.
pub fn set(text: &str, name: &str, value: u32) -> Result<String, String> {
    let known = tunables(text)?;
    let Some(tunable) = known.iter().find(|tunable| tunable.name == name) else {
        if known.is_empty() {
            return Err(format!("it has no tunables, so {name} cannot be set"));
        }
        let names: Vec<_> = known.iter().map(|tunable| tunable.name.as_str()).collect();
        return Err(unknown(&format!("it has no tunable {name}"), name, &names, ""));
    };
    if !tunable.choices.contains(&value) {
        return Err(format!("{name} = {value}; expected one of {}", list(&tunable.choices)));
    }
    let mut text = text.to_owned();
    text.replace_range(tunable.place.clone(), &value.to_string());
    Ok(text)
}

fn list(choices: &[u32]) -> String {
    choices.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "// a header\nconst TILE: u32 = 32u; // tune: 16 32 64\n\
                        const OTHER = 7;\nconst STEP: u32 = 4; // tune: 4 8\n";

    #[test]
    fn tunables_are_read_in_order() {
        let found = tunables(TEXT).unwrap_or_default();
        let read: Vec<_> =
            found.iter().map(|one| (one.name.as_str(), one.value, one.choices.clone())).collect();
        assert_eq!(read, [("TILE", 32, vec![16, 32, 64]), ("STEP", 4, vec![4, 8])]);
    }

    #[test]
    fn setting_one_changes_its_digits_alone() {
        assert_eq!(set(TEXT, "TILE", 64), Ok(TEXT.replace("32u;", "64u;")));
        assert_eq!(set(TEXT, "STEP", 8), Ok(TEXT.replace("= 4;", "= 8;")));
    }

    #[test]
    fn an_override_constant_is_a_tunable_too() {
        for declared in ["override SIDE: u32 = 8u;", "@id(3) override SIDE = 8;"] {
            let text = format!("// mine\n{declared} // tune: 4 8 16\n");
            let found = tunables(&text).unwrap_or_default();
            assert!(
                found.len() == 1 && found[0].name == "SIDE" && found[0].value == 8,
                "{found:?}"
            );
            assert_eq!(set(&text, "SIDE", 16), Ok(text.replace("= 8", "= 16")));
        }
    }

    #[test]
    fn what_is_not_offered_is_refused() {
        let said = |name: &str, value| set(TEXT, name, value).err().unwrap_or_default();
        assert_eq!(said("TILE", 48), "TILE = 48; expected one of 16, 32, 64");
        assert!(said("TILES", 16).contains("no tunable TILES; did you mean TILE? Available: TILE"));
        assert_eq!(
            set("const A = 1;", "B", 1).err().unwrap_or_default(),
            "it has no tunables, so B cannot be set"
        );
    }

    #[test]
    fn a_mark_that_is_no_tunable_is_refused() {
        for line in [
            "const TILE: u32 = 32u; // tune: 16 64",
            "const TILE: u32 = 32u; // tune: many",
            "let tile = 32u; // tune: 32",
            "const TILE: u32 = 2 * 16; // tune: 32",
        ] {
            let said = tunables(&format!("\n{line}")).err().unwrap_or_default();
            assert!(
                said.starts_with(&format!("line 2: `{line}` is not a valid tunable")),
                "{said}"
            );
        }
    }
}

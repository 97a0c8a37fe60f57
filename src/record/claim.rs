//! What a run says about the lesson's claims.

use serde::{Deserialize, Serialize};
use std::fmt;

/// One claim of the lesson, compared with what a run has measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Its name, for example `norms-train`; empty in records of older versions.
    #[serde(default)]
    pub id: String,
    /// The claim, a sentence.
    pub claim: String,
    /// Whether this run bears it out.
    pub verdict: Verdict,
    /// The evidence for and against; if it was not measured, what is missing. Commands are in backticks.
    pub figures: String,
}

/// What the evidence of a run says about a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// All evidence supports it.
    #[serde(rename = "holds")]
    Holds,
    /// Some evidence supports it, some contradicts it.
    #[serde(rename = "holds partly")]
    HoldsPartly,
    /// All evidence contradicts it.
    #[serde(rename = "does not hold in this run")]
    DoesNotHold,
    /// The run lacks the evidence.
    #[serde(rename = "not measured")]
    NotMeasured,
}

impl Verdict {
    /// The words for it, here and in records.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::HoldsPartly => "holds partly",
            Self::DoesNotHold => "does not hold in this run",
            Self::NotMeasured => "not measured",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_has_the_same_words_everywhere() -> serde_json::Result<()> {
        use Verdict::{DoesNotHold, Holds, HoldsPartly, NotMeasured};
        for verdict in [Holds, HoldsPartly, DoesNotHold, NotMeasured] {
            assert_eq!(serde_json::to_value(verdict)?, verdict.words());
            assert_eq!(verdict.to_string(), verdict.words());
        }
        Ok(())
    }
}

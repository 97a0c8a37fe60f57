//! How a claim is weighed: measurements, each for or against the claim.

use crate::record::{Claim, Verdict};

/// A measurement, and which side it supports.
pub(in crate::report) struct Evidence {
    supports: bool,
    figure: String,
}

impl Evidence {
    /// A measurement in words, and whether it supports the claim.
    pub(in crate::report) fn new(supports: bool, figure: String) -> Self {
        Self { supports, figure }
    }
}

/// The evidence for and against a claim, or what the run lacks to have any.
pub(in crate::report) type Measured = Result<Vec<Evidence>, String>;

/// A claim by its name, with its verdict.
pub(in crate::report) fn weigh(id: &str, claim: &str, measured: Measured) -> Claim {
    let (verdict, figures) = match measured {
        Err(lacking) => (Verdict::NotMeasured, lacking),
        Ok(evidence) => (verdict(&evidence), figures(&evidence)),
    };
    Claim { id: id.to_owned(), claim: claim.to_owned(), verdict, figures }
}

fn verdict(evidence: &[Evidence]) -> Verdict {
    let supporting = evidence.iter().filter(|one| one.supports).count();
    match supporting {
        0 => Verdict::DoesNotHold,
        all if all == evidence.len() => Verdict::Holds,
        _ => Verdict::HoldsPartly,
    }
}

/// The measurements of each side, in words.
fn figures(evidence: &[Evidence]) -> String {
    let side = |supports: bool, word: &str| {
        let chosen = evidence.iter().filter(|one| one.supports == supports);
        let figures: Vec<_> = chosen.map(|one| one.figure.as_str()).collect();
        (!figures.is_empty()).then(|| format!("{word}: {}", figures.join("; ")))
    };
    let sides = [side(true, "evidence for"), side(false, "evidence against")];
    sides.into_iter().flatten().collect::<Vec<_>>().join(". ")
}

//! Tables of the records: results, the experiment, the machine and its shaders.

use super::blocks::{MACHINE, compared, write_list, write_section, write_subsection, write_table};
use crate::record::{Claim, ShaderRecord, Summary};
use crate::report::claims::answer;
use crate::report::markup::{escape, prose};
use crate::report::number;
use crate::report::records::Records;
use crate::report::table;
use std::fmt::Write;

/// The title of the claims.
pub(super) const fn claims_title(count: usize) -> &'static str {
    if count == 1 { "The verdict" } else { "The verdicts" }
}

/// Each claim with its verdict and the evidence for and against it.
pub(super) fn write_claims(html: &mut String, claims: &[Claim]) {
    if claims.is_empty() {
        return;
    }
    write_section(html, "claims", claims_title(claims.len()));
    if let Some(count) = answer::count_of_verdicts(claims) {
        let _ = writeln!(html, "<p>{}</p>", prose(&count));
    }
    let mut rows = vec![["claim", "verdict", "figures"].map(str::to_owned).to_vec()];
    rows.extend(
        claims.iter().map(|one| {
            vec![one.claim.clone(), one.verdict.words().to_owned(), one.figures.clone()]
        }),
    );
    write_table(html, &rows);
    html.push_str("</section>\n");
}

pub(super) fn write_results(html: &mut String, summary: &Summary) {
    write_subsection(html, "results", "Results");
    if let Some(sentence) = table::about_ranges(summary) {
        let _ = writeln!(html, "<p>{}</p>", prose(&sentence));
    }
    write_table(html, &table::rows(summary));
    write_list(html, table::legend(summary).into_iter());
    html.push_str("</section>\n");
}

pub(super) fn write_experiment(html: &mut String, records: &Records) {
    write_subsection(html, "experiment", "The experiment");
    let text = records.experiment.to_toml().unwrap_or_else(|error| error.to_string());
    let _ = writeln!(
        html,
        "<p>To train the same networks again, run <code>normlab train experiment.toml</code> on the file \
         next to this page:</p>\n<pre>{}</pre>\n</section>",
        escape(text.trim_end())
    );
}

pub(super) fn write_machine(html: &mut String, summary: &Summary) {
    write_subsection(html, "machine", MACHINE);
    let adapter = &summary.adapter;
    let facts = [
        ("Adapter", format!("{} ({})", adapter.adapter, adapter.kind)),
        ("Backend", adapter.backend.clone()),
        ("Driver", adapter.driver.clone()),
        ("normlab", summary.version.clone()),
        ("Total time", number::seconds(summary.elapsed_s)),
        ("Compared with the CPU reference", compared(&summary.parity)),
    ];
    write_list(html, facts.into_iter());
    html.push_str("</section>\n");
}

pub(super) fn write_shaders(html: &mut String, shaders: &[ShaderRecord]) {
    write_subsection(html, "shaders", "Shaders");
    if shaders.is_empty() {
        html.push_str("<p>The CPU engine ran this experiment without shaders.</p>\n</section>\n");
        return;
    }
    let head = ["kernel", "variant", "activation", "tunables", "shapes", "SHA-256 of its source"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(shaders.iter().map(|shader| {
        let tunables = shader.tunables.iter().map(|(name, value)| format!("{name}={value}"));
        // The sizes of a class stay together.
        let shapes = shader.shapes.iter().map(|class| class.replace(' ', "\u{a0}"));
        vec![
            shader.kernel.clone(),
            shader.variant.clone(),
            shader.activation.clone().unwrap_or_default(),
            tunables.collect::<Vec<_>>().join(" "),
            shapes.collect::<Vec<_>>().join(", "),
            shader.sha256.clone(),
        ]
    }));
    html.push_str(
        "<details><summary>Every shader that ran, with its settings and its hash</summary>\n<p>For a kernel \
         that ran with several settings, the shapes of each are listed, every size rounded up to the next \
         power of two.</p>\n",
    );
    write_table(html, &rows);
    html.push_str("</details>\n</section>\n");
}

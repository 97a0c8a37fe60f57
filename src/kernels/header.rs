//! What the header of a shader says: the comments at its very beginning.

/// What a variant needs from its adapter, from the line `// requires:` of its header.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Requirements {
    /// Subgroup operations.
    pub subgroups: bool,
    /// Subgroups of exactly this many lanes.
    pub subgroup_size: Option<u32>,
    /// Cooperative matrices with this many rows and columns: f16 factors, f32 sums.
    pub cooperative_matrix: Option<u32>,
}

/// Where a variant is fast, from the line `// prefers:` of its header. On other adapters that can run it, it
/// runs only if chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// Hardware.
    pub hardware: bool,
    /// Hardware, and software with cheap barriers.
    pub cheap_barriers: bool,
}

/// Reads the header's `// requires:` line.
pub(super) fn requirements(text: &str) -> std::result::Result<Requirements, String> {
    let mut found = Requirements::default();
    for line in header_lines(text, "// requires:") {
        for need in line.split(',').map(str::trim) {
            let number = |name: &str| {
                let value = need.strip_prefix(name)?.strip_prefix(" = ")?;
                value.parse().ok()
            };
            match (number("subgroup_size"), number("cooperative_matrix")) {
                (Some(lanes), _) => found.subgroup_size = Some(lanes),
                (_, Some(side)) => found.cooperative_matrix = Some(side),
                _ if need == "subgroups" => found.subgroups = true,
                _ => {
                    return Err(format!(
                        "its header requires {need:?}; expected `subgroups`, `subgroup_size = \
                         NUMBER` or `cooperative_matrix = NUMBER`"
                    ));
                }
            }
        }
    }
    Ok(found)
}

/// Reads the header's `// prefers:` line.
pub(super) fn preferences(text: &str) -> std::result::Result<Preferences, String> {
    let mut found = Preferences::default();
    for line in header_lines(text, "// prefers:") {
        for preferred in line.split(',').map(str::trim) {
            match preferred {
                "hardware" => found.hardware = true,
                "cheap barriers" => found.cheap_barriers = true,
                _ => {
                    return Err(format!(
                        "its header prefers {preferred:?}; expected `hardware` or `cheap barriers`"
                    ));
                }
            }
        }
    }
    Ok(found)
}

/// What follows a mark in the header.
fn header_lines<'a>(text: &'a str, mark: &'static str) -> impl Iterator<Item = &'a str> {
    let header = text.lines().take_while(|line| line.starts_with("//"));
    header.filter_map(move |line| line.strip_prefix(mark))
}

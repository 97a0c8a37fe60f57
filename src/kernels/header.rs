//! What the header of a shader says: the comments at its very beginning.

/// What a variant needs from its adapter, from the line `// requires:` of its header.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Requirements {
    /// Subgroup operations.
    pub subgroups: bool,
    /// Subgroups of one of these numbers of lanes; of any if there are none.
    pub subgroup_sizes: Vec<u32>,
    /// Cooperative matrices with this many rows and columns: f16 factors, f32 sums.
    pub cooperative_matrix: Option<u32>,
}

impl Requirements {
    /// The subgroup sizes in words, for example `8 or 16`.
    #[must_use]
    pub fn lanes(&self) -> String {
        self.subgroup_sizes.iter().map(u32::to_string).collect::<Vec<_>>().join(" or ")
    }
}

/// Where a variant is fast, from the line `// prefers:` of its header. On other adapters that can run it, it
/// runs only if chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// Hardware.
    pub hardware: bool,
    /// Hardware, and software with cheap barriers.
    pub cheap_barriers: bool,
    /// Software.
    pub software: bool,
}

/// Reads the header's `// requires:` line.
pub(super) fn requirements(text: &str) -> std::result::Result<Requirements, String> {
    let mut found = Requirements::default();
    for line in header_lines(text, "// requires:") {
        for need in line.split(',').map(str::trim) {
            let value = |name: &str| need.strip_prefix(name)?.strip_prefix(" = ");
            let sizes = value("subgroup_size").and_then(numbers);
            let side = value("cooperative_matrix").and_then(|side| side.parse().ok());
            match (sizes, side) {
                (Some(sizes), _) => found.subgroup_sizes = sizes,
                (_, Some(side)) => found.cooperative_matrix = Some(side),
                _ if need == "subgroups" => found.subgroups = true,
                _ => {
                    return Err(format!(
                        "its header requires {need:?}; expected `subgroups`, `subgroup_size = \
                         NUMBER`, with `or` between several, or `cooperative_matrix = NUMBER`"
                    ));
                }
            }
        }
    }
    Ok(found)
}

/// Numbers such as `8 or 16`.
fn numbers(text: &str) -> Option<Vec<u32>> {
    text.split(" or ").map(|number| number.parse().ok()).collect()
}

/// Reads the header's `// prefers:` line.
pub(super) fn preferences(text: &str) -> std::result::Result<Preferences, String> {
    let mut found = Preferences::default();
    for line in header_lines(text, "// prefers:") {
        for preferred in line.split(',').map(str::trim) {
            match preferred {
                "hardware" => found.hardware = true,
                "cheap barriers" => found.cheap_barriers = true,
                "software" => found.software = true,
                _ => {
                    return Err(format!(
                        "its header prefers {preferred:?}; expected `hardware`, `cheap barriers` or \
                         `software`"
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

//! What the report shows: pictures as SVG text, some of them changing from step to step.

/// One picture of the report.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Its anchor in the page, and the name of its files.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What there is to see, in a sentence or two with the figures of this run.
    pub caption: String,
    /// The same for those who do not see it.
    pub alt: String,
    /// Whether its frames hold a network as in training and as in inference, for the page to switch.
    pub has_modes: bool,
    /// A single frame, or one for each step at which it differs, in the order of the steps.
    pub frames: Vec<Frame>,
}

impl Picture {
    /// Says that what is seen is the first replica's alone, where there are others.
    pub(super) fn is_of_the_first_replica(&mut self) {
        for words in [&mut self.caption, &mut self.alt] {
            words.push_str(" Replica 0 only.");
        }
    }
}

/// A picture as it is at one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Steps done.
    pub step: usize,
    /// A whole `<svg>` element with a `viewBox`.
    pub svg: String,
}

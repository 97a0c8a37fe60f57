//! What the report shows: pictures as SVG text, some of them changing from step to step.

/// One picture of the report.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Its anchor in the page, and the name of its files.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What there is to see, in a sentence or two with the numbers of this run.
    pub caption: String,
    /// The same for those who cannot see it.
    pub alt: String,
    /// The group that it belongs to.
    pub topic: Topic,
    /// Whether its frames show networks both in training and in inference, for the page to switch.
    pub has_modes: bool,
    /// A single frame, or one for each step at which it changes, in the order of the steps.
    pub frames: Vec<Frame>,
}

impl Picture {
    /// Says that the picture shows only the first of several replicas.
    pub(super) fn is_of_the_first_replica(&mut self) {
        for words in [&mut self.caption, &mut self.alt] {
            words.push_str(" Replica 0 only.");
        }
    }

    /// Whether it differs from step to step.
    #[must_use]
    pub fn moves(&self) -> bool {
        self.frames.len() > 1
    }
}

/// What a picture is about. The page has a section for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// What goes into the hidden activations.
    Inputs,
    /// The gradients that reach the layers, and how far they move the weights.
    Gradients,
    /// The result of training.
    Accuracy,
    /// What comes out of the hidden layers.
    Outputs,
    /// What the norms and the first layer learn.
    Parameters,
    /// Networks that differ in one setting.
    Sweeps,
}

impl Topic {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 6] = [
        Self::Accuracy,
        Self::Gradients,
        Self::Inputs,
        Self::Outputs,
        Self::Parameters,
        Self::Sweeps,
    ];

    /// Its anchor in the page.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Inputs => "about-inputs",
            Self::Gradients => "about-gradients",
            Self::Accuracy => "about-accuracy",
            Self::Outputs => "about-outputs",
            Self::Parameters => "about-parameters",
            Self::Sweeps => "about-sweeps",
        }
    }

    /// The title of its section.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Inputs => "Inputs of the activations",
            Self::Gradients => "Gradients and moving weights",
            Self::Accuracy => "Accuracy and loss",
            Self::Outputs => "Outputs of the layers",
            Self::Parameters => "Learned parameters",
            Self::Sweeps => "Sweeps",
        }
    }
}

/// The values of the curves in a panel.
#[derive(Clone, Debug, PartialEq)]
pub struct PanelValues {
    /// What the panel shows.
    pub title: String,
    /// The quantity on its horizontal axis, in the singular: `step`, `batch size`.
    pub x: String,
    /// The name of each curve, with its points.
    pub lines: Vec<(String, Vec<Reading>)>,
}

/// The readout of a point of a curve: its position, as a share of the panel's width from the left, and its
/// x and y as text.
pub type Reading = (f64, String, String);

/// A picture at one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// The step.
    pub step: usize,
    /// A whole `<svg>` element with a `viewBox`.
    pub svg: String,
    /// The values of its curves, for each panel that has a `rect` of the class `ground`, in their order. All
    /// frames of a picture have the same panels: the page gives the values of the frame that it shows.
    pub values: Vec<PanelValues>,
}

impl Frame {
    /// A frame without readable curves.
    #[must_use]
    pub const fn new(step: usize, svg: String) -> Self {
        Self { step, svg, values: Vec::new() }
    }
}

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
    /// The group that it belongs to.
    pub topic: Topic,
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
    /// What reaches the layers on the way back, and how far it moves them.
    Gradients,
    /// What training has come to.
    Accuracy,
    /// What comes out of the hidden layers.
    Outputs,
    /// What is learned, by the norms and by the first layer.
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

    /// What its section is called.
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

/// The numbers behind the curves of a panel.
#[derive(Clone, Debug, PartialEq)]
pub struct PanelValues {
    /// What the panel shows.
    pub title: String,
    /// What its horizontal axis counts, in the singular: `step`, `batch size`.
    pub x: String,
    /// What each curve is called, with its points.
    pub lines: Vec<(String, Vec<Reading>)>,
}

/// A point of a curve as it is read: where it lies, as a share of the panel's width from its left side, and
/// how its x and its y are written.
pub type Reading = (f64, String, String);

/// A picture as it is at one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Steps done.
    pub step: usize,
    /// A whole `<svg>` element with a `viewBox`.
    pub svg: String,
    /// The numbers of its curves, for each panel that has a `rect` of the class `ground`, in their order. All
    /// frames of a picture have the same panels: the page tells the numbers of the one that it shows.
    pub values: Vec<PanelValues>,
}

impl Frame {
    /// A frame without curves to be read.
    #[must_use]
    pub const fn new(step: usize, svg: String) -> Self {
        Self { step, svg, values: Vec::new() }
    }
}

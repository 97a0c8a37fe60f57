//! How each digit is written: the strokes of every style.
//!
//! A stroke is the control polygon of a quadratic B-spline: the curve starts at the first point,
//! ends at the last and bends towards those between. A point given twice in a row is a corner.
//! Coordinates are hundredths of the digit's height; x grows to the right and y grows downwards.

/// A control point (x, y), in hundredths of the digit's height.
pub(crate) type Control = (i8, i8);

/// One way to write a digit.
pub(crate) struct Style {
    /// How often the style is drawn, relative to the other styles of its digit.
    pub(crate) weight: u32,
    /// The strokes, each the control points of one curve.
    pub(crate) strokes: &'static [&'static [Control]],
}

const fn style(weight: u32, strokes: &'static [&'static [Control]]) -> Style {
    Style { weight, strokes }
}

/// The styles of the ten digits: `STYLES[d]` holds the ways to write the digit `d`.
pub(crate) const STYLES: [&[Style]; 10] =
    [&ZERO, &ONE, &TWO, &THREE, &FOUR, &FIVE, &SIX, &SEVEN, &EIGHT, &NINE];

#[rustfmt::skip]
const ZERO: [Style; 5] = [
    // An upright oval, closed at the top.
    style(3, &[
        &[
            (32, 0), (19, 0), (0, 29), (0, 71), (19, 100), (45, 100), (64, 71), (64, 29), (45, 0),
            (30, 0),
        ],
    ]),
    // Round and wide.
    style(3, &[
        &[
            (44, 0), (27, 0), (0, 27), (0, 71), (27, 100), (65, 100), (92, 71), (92, 27), (65, 0),
            (40, 0),
        ],
    ]),
    // The end overshoots the start.
    style(2, &[
        &[
            (50, 8), (22, -4), (0, 30), (0, 72), (20, 100), (48, 100), (70, 70), (72, 28), (52, 2),
            (30, 2), (20, 12),
        ],
    ]),
    // Leaning, pointed at both ends.
    style(2, &[
        &[
            (60, 0), (40, 0), (12, 32), (-4, 76), (6, 102), (30, 102), (60, 66), (78, 24), (72, 0),
            (52, 0),
        ],
    ]),
    // Narrow, left open at the top.
    style(1, &[
        &[
            (24, 4), (8, 12), (0, 36), (2, 74), (16, 100), (36, 100), (52, 74), (54, 30), (44, 2),
            (34, -2),
        ],
    ]),
];

#[rustfmt::skip]
const ONE: [Style; 5] = [
    // A bare stem.
    style(6, &[&[(30, 0), (30, 100)]]),
    // A stem with a slight bow.
    style(3, &[&[(34, 0), (28, 50), (31, 100)]]),
    // The bow the other way.
    style(2, &[&[(28, 0), (34, 50), (30, 100)]]),
    // With an upstroke.
    style(2, &[&[(15, 25), (30, 0), (30, 0), (30, 100)]]),
    // With an upstroke and a base.
    style(1, &[
        &[(18, 24), (34, 0), (34, 0), (34, 98)],
        &[(6, 99), (62, 98)],
    ]),
];

#[rustfmt::skip]
const TWO: [Style; 6] = [
    // A round head and a flat base.
    style(3, &[
        &[(4, 24), (8, 0), (40, -6), (68, 10), (62, 42), (34, 68), (2, 98), (2, 98), (70, 96)],
    ]),
    // A loop at the foot.
    style(3, &[
        &[
            (4, 20), (18, -2), (54, -4), (68, 24), (50, 62), (22, 100), (-8, 104), (-6, 80),
            (20, 80), (48, 98), (82, 92),
        ],
    ]),
    // A wide loop at the foot and a small head.
    style(2, &[
        &[
            (14, 12), (34, -6), (62, 4), (58, 34), (44, 70), (18, 106), (-12, 98), (-2, 72),
            (28, 78), (56, 102), (92, 88),
        ],
    ]),
    // Angular, near a Z.
    style(1, &[
        &[(6, 10), (26, 0), (64, 0), (60, 22), (38, 58), (4, 96), (4, 96), (40, 92), (74, 98)],
    ]),
    // A hooked head and a swung base.
    style(2, &[
        &[
            (10, 34), (-2, 10), (26, -8), (60, 2), (66, 34), (40, 70), (6, 92), (6, 92), (34, 86),
            (56, 104), (78, 94),
        ],
    ]),
    // Wide, with a long base.
    style(2, &[
        &[
            (0, 26), (10, -2), (56, -8), (86, 14), (70, 46), (30, 74), (-4, 100), (-4, 100),
            (46, 92), (100, 98),
        ],
    ]),
];

#[rustfmt::skip]
const THREE: [Style; 5] = [
    // Two bowls that meet in a corner.
    style(3, &[
        &[
            (6, 12), (24, -4), (62, -4), (62, 34), (24, 46), (24, 46), (66, 46), (78, 84),
            (46, 106), (0, 94),
        ],
    ]),
    // A flat top and a slanted second stroke.
    style(1, &[
        &[(4, 4), (60, 2), (60, 2), (26, 40), (26, 40), (64, 40), (78, 80), (44, 106), (0, 92)],
    ]),
    // A small loop between the bowls.
    style(2, &[
        &[
            (4, 16), (18, -6), (62, -4), (62, 32), (40, 50), (18, 54), (20, 42), (40, 42), (72, 56),
            (72, 92), (38, 108), (0, 88),
        ],
    ]),
    // Smooth, with a shallow notch.
    style(2, &[
        &[
            (2, 8), (30, -6), (66, 2), (60, 38), (28, 48), (28, 48), (54, 50), (70, 64), (62, 92),
            (32, 104), (-4, 98),
        ],
    ]),
    // A long lower bowl.
    style(2, &[
        &[
            (12, 14), (28, -4), (58, -2), (58, 24), (34, 38), (34, 38), (64, 38), (72, 66),
            (56, 94), (26, 104), (-6, 92), (-4, 80),
        ],
    ]),
];

#[rustfmt::skip]
const FOUR: [Style; 6] = [
    // Open, with straight arms.
    style(3, &[
        &[(10, 2), (2, 52), (2, 52), (66, 50)],
        &[(54, 0), (48, 100)],
    ]),
    // Open, with a rounded corner.
    style(3, &[
        &[(8, 0), (0, 30), (0, 58), (24, 58), (62, 46)],
        &[(62, 4), (58, 50), (52, 100)],
    ]),
    // Closed, the stem drawn apart.
    style(2, &[
        &[(48, 0), (0, 64), (0, 64), (72, 62)],
        &[(48, 0), (46, 100)],
    ]),
    // Open, with a low bar across a short stem.
    style(2, &[
        &[(22, 0), (14, 30), (0, 60), (0, 60), (40, 58), (80, 56)],
        &[(56, 26), (52, 60), (46, 100)],
    ]),
    // One stroke, the arm running into the stem.
    style(2, &[&[(6, 4), (0, 44), (10, 56), (40, 50), (60, 2), (60, 2), (56, 50), (50, 100)]]),
    // Open, narrow, with a long stem.
    style(2, &[
        &[(4, 8), (0, 40), (0, 40), (26, 46), (50, 38)],
        &[(54, 0), (46, 46), (40, 100)],
    ]),
];

#[rustfmt::skip]
const FIVE: [Style; 6] = [
    // The bar drawn apart.
    style(3, &[
        &[(16, 4), (10, 44), (10, 44), (30, 32), (66, 44), (70, 84), (38, 106), (0, 94)],
        &[(16, 4), (64, 0)],
    ]),
    // One stroke from the bar's end.
    style(3, &[
        &[
            (66, 0), (20, 4), (20, 4), (12, 44), (12, 44), (40, 34), (68, 56), (58, 96), (24, 106),
            (-4, 90),
        ],
    ]),
    // Rounded, near an S.
    style(2, &[
        &[(72, 2), (34, 0), (16, 12), (12, 40), (38, 46), (66, 58), (60, 98), (24, 106), (0, 92)],
    ]),
    // A long rising bar and a small bowl.
    style(2, &[
        &[(30, 16), (18, 50), (18, 50), (40, 46), (56, 62), (48, 94), (22, 104), (-4, 94)],
        &[(30, 16), (52, 10), (86, 0)],
    ]),
    // A steep neck and a bowl that curls back.
    style(2, &[
        &[
            (58, 2), (26, 2), (26, 2), (14, 40), (34, 46), (58, 66), (48, 100), (16, 106), (-4, 86),
            (8, 76),
        ],
    ]),
    // Wide and flat, the bar drawn apart.
    style(2, &[
        &[(36, 14), (22, 46), (22, 46), (60, 42), (84, 62), (70, 96), (30, 106), (-6, 92)],
        &[(36, 14), (70, 8), (106, 0)],
    ]),
];

#[rustfmt::skip]
const SIX: [Style; 5] = [
    // A curved stem.
    style(3, &[
        &[(52, 0), (24, 10), (-2, 56), (2, 104), (40, 106), (66, 86), (58, 52), (26, 52), (6, 78)],
    ]),
    // A straight stem and a small bowl.
    style(2, &[
        &[(30, 0), (10, 44), (0, 84), (14, 106), (42, 102), (56, 80), (44, 62), (18, 68), (4, 88)],
    ]),
    // A wide bowl.
    style(3, &[
        &[(44, 0), (14, 22), (-8, 66), (6, 108), (48, 106), (80, 82), (68, 50), (32, 54), (8, 82)],
    ]),
    // The bowl runs on inside.
    style(2, &[
        &[
            (58, 2), (28, 4), (2, 44), (-4, 92), (20, 106), (54, 100), (66, 72), (46, 50), (18, 66),
            (14, 88),
        ],
    ]),
    // Narrow and leaning, the bowl low.
    style(2, &[
        &[(62, 0), (34, 26), (6, 64), (-2, 98), (22, 106), (50, 94), (56, 70), (34, 64), (8, 86)],
    ]),
];

#[rustfmt::skip]
const SEVEN: [Style; 6] = [
    // Straight.
    style(4, &[&[(0, 6), (70, 2), (70, 2), (32, 100)]]),
    // With a bar across the stem.
    style(2, &[
        &[(0, 6), (64, 2), (64, 2), (44, 46), (26, 100)],
        &[(14, 54), (66, 48)],
    ]),
    // With a tick at the start.
    style(2, &[&[(0, 20), (4, 4), (4, 4), (68, 4), (68, 4), (42, 50), (32, 100)]]),
    // A bent stem.
    style(3, &[&[(0, 10), (32, 8), (70, 0), (70, 0), (58, 30), (42, 56), (40, 100)]]),
    // A rounded shoulder.
    style(3, &[&[(0, 10), (14, -2), (44, 4), (68, 2), (58, 34), (44, 60), (34, 100)]]),
    // A tick and a bar.
    style(1, &[
        &[(2, 20), (4, 4), (4, 4), (62, 4), (62, 4), (40, 44), (24, 100)],
        &[(16, 52), (60, 50)],
    ]),
];

#[rustfmt::skip]
const EIGHT: [Style; 7] = [
    // One stroke that crosses itself in the middle.
    style(4, &[
        &[
            (54, 10), (40, -6), (4, -2), (4, 30), (38, 48), (68, 66), (64, 106), (28, 108),
            (-4, 98), (4, 66), (34, 48), (62, 30), (60, 6), (44, 2),
        ],
    ]),
    // Two rings.
    style(1, &[
        &[(32, 0), (4, 0), (2, 46), (34, 48), (64, 46), (62, 0), (30, 0)],
        &[(34, 48), (-4, 50), (-4, 104), (34, 104), (72, 104), (70, 50), (32, 48)],
    ]),
    // Open at the upper right.
    style(3, &[
        &[
            (66, 12), (46, -6), (12, 0), (8, 30), (38, 50), (56, 70), (46, 104), (18, 106), (0, 86),
            (22, 58), (48, 40), (68, 16),
        ],
    ]),
    // Narrow.
    style(2, &[
        &[
            (44, 6), (28, -6), (4, 4), (8, 32), (30, 50), (48, 74), (38, 108), (12, 106), (0, 82),
            (20, 54), (44, 34), (48, 6), (32, -2),
        ],
    ]),
    // A small head.
    style(2, &[
        &[
            (48, 8), (30, -6), (10, 4), (14, 26), (40, 42), (74, 64), (66, 104), (28, 108),
            (-6, 94), (4, 60), (34, 42), (58, 24), (52, 2), (36, 2),
        ],
    ]),
    // Wide and leaning.
    style(2, &[
        &[
            (84, 8), (56, -8), (22, 2), (24, 34), (44, 50), (58, 72), (40, 106), (6, 108),
            (-10, 86), (14, 60), (60, 40), (90, 14), (70, -2),
        ],
    ]),
    // A small foot.
    style(2, &[
        &[
            (56, 10), (40, -6), (2, 0), (0, 36), (34, 56), (52, 74), (44, 104), (20, 106), (8, 88),
            (30, 62), (60, 36), (62, 8), (46, 2),
        ],
    ]),
];

#[rustfmt::skip]
const NINE: [Style; 6] = [
    // A straight stem.
    style(4, &[
        &[
            (58, 10), (42, -6), (4, 0), (-4, 44), (26, 56), (56, 30), (58, 6), (58, 6), (56, 50),
            (52, 100),
        ],
    ]),
    // The stem curls at the foot.
    style(2, &[
        &[
            (58, 14), (38, -6), (0, 4), (0, 46), (30, 54), (58, 28), (60, 6), (60, 6), (64, 56),
            (50, 104), (8, 98),
        ],
    ]),
    // A leaning stem.
    style(3, &[
        &[
            (62, 8), (40, -6), (2, 6), (-4, 44), (22, 54), (52, 34), (64, 6), (64, 6), (44, 50),
            (26, 100),
        ],
    ]),
    // Round, without a corner.
    style(2, &[&[(54, 26), (20, 56), (-6, 32), (10, -2), (42, -8), (62, 14), (58, 54), (46, 100)]]),
    // A small ring.
    style(2, &[
        &[
            (46, 8), (28, -4), (4, 6), (2, 36), (24, 42), (44, 26), (48, 2), (48, 2), (46, 48),
            (40, 100),
        ],
    ]),
    // A wide flat ring.
    style(2, &[
        &[
            (66, 8), (34, -2), (-4, 20), (0, 46), (32, 48), (66, 22), (68, 6), (68, 6), (54, 54),
            (44, 100),
        ],
    ]),
];

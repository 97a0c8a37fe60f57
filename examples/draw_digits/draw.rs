//! Draws digits as if by hand, 28 × 28 pixels each, white on black.
//!
//! Every image starts from one style of its digit (see [`strokes`]). The control points are
//! jittered; the curves are bent by a smooth random field, stretched, slanted and turned, fitted
//! into a box, placed by their centre of mass and inked with a round pen, much as the digits of
//! MNIST are placed in their images. No image of MNIST or of any other collection is used.
//!
//! The limits below keep every digit easy to read, yet leave a linear classifier well behind a
//! network with hidden layers. The shift does most of that: the network learns to see past it, and
//! no linear classifier can.
//!
//! # The atlas
//! An 8-bit grey PNG of 3360 × 2800 pixels: 120 columns × 100 rows of tiles of 28 × 28 pixels.
//! Image `i` is at tile column `i % 120` and tile row `i / 120`, and shows the digit `i % 10`.
//! Images 0 to 9,999 are for training and 10,000 to 11,999 for testing.
//!
//! # The same pixels everywhere
//! Random numbers come from [`Stream`], one stream per image, and sines and cosines from `libm`;
//! the rest is arithmetic that IEEE 754 fixes to the last bit.

#[path = "strokes.rs"]
mod strokes;

use std::f64::consts::TAU;
use std::ops::Range;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, ImageResult};
use normlab::rng::{Purpose, Stream};
use strokes::{Control, STYLES, Style};

/// The seed of all drawn digits.
const SEED: u64 = 28;
/// Tiles in a row of the atlas.
const COLUMNS: usize = 120;
/// Tiles in a column of the atlas.
const ROWS: usize = 100;
/// The side of an image, in pixels.
const SIDE: usize = 28;
/// The side of the box that the ink is fitted into, in pixels: minimum and maximum.
const BOX: (f64, f64) = (18.5, 20.5);
/// The minimum distance from the ink to the image's border, in pixels.
const MARGIN: f64 = 1.5;
/// The pen's radius, in pixels: minimum and maximum.
const PEN: (f64, f64) = (0.75, 1.75);
/// The width of the ink's soft edge, the blur, in pixels: minimum and maximum.
const EDGE: (f64, f64) = (1.1, 2.0);
/// The maximum distance of the centre of mass from the image's middle along x and y, in pixels.
const SHIFT: f64 = 1.7;
/// The maximum displacement of a control point along x and y, in digit heights.
const JITTER: f64 = 0.05;
/// The maximum amplitude of a bending wave along x and y, in digit heights.
const BEND: f64 = 0.075;
/// The waves of the bending field over a digit's height: minimum and maximum.
const WAVES: (f64, f64) = (0.4, 1.0);
/// The slant, as the tangent of its angle to the right: minimum and maximum.
const SLANT: (f64, f64) = (-0.2, 0.5);
/// The maximum rotation to either side, in radians.
const TURN: f64 = 0.22;
/// Width over height, relative to the style: minimum and maximum.
const STRETCH: (f64, f64) = (0.7, 1.3);
/// Straight pieces that each piece of a spline is cut into.
const CUTS: usize = 6;
/// Grey levels that an image uses: few, so that the atlas compresses well.
const LEVELS: f64 = 16.0;

/// A point or a vector, first in digit heights and, once fitted, in pixels; y grows downwards.
#[derive(Clone, Copy)]
struct Point {
    x: f64,
    y: f64,
}

impl Point {
    fn middle(self, other: Self) -> Self {
        Self { x: 0.5 * (self.x + other.x), y: 0.5 * (self.y + other.y) }
    }

    fn distance(self, other: Self) -> f64 {
        let (x, y) = (self.x - other.x, self.y - other.y);
        libm::sqrt(x * x + y * y)
    }
}

/// A stroke as a chain of straight pieces.
type Polyline = Vec<Point>;

/// Draws all digits: the atlas's width and height in pixels and its grey values, row by row.
pub(crate) fn atlas() -> (u32, u32, Vec<u8>) {
    let width = COLUMNS * SIDE;
    let mut pixels = vec![0; width * ROWS * SIDE];
    for index in 0..COLUMNS * ROWS {
        let corner = index / COLUMNS * SIDE * width + index % COLUMNS * SIDE;
        for (row, values) in digit(index).chunks_exact(SIDE).enumerate() {
            let start = corner + row * width;
            pixels[start..start + SIDE].copy_from_slice(values);
        }
    }
    (width as u32, (ROWS * SIDE) as u32, pixels)
}

/// Packs grey values, given row by row, into a PNG; `width` and `height` are in pixels.
///
/// # Errors
/// When the encoder fails.
///
/// # Panics
/// When `pixels` does not hold `width` × `height` values.
pub(crate) fn encode(width: u32, height: u32, pixels: &[u8]) -> ImageResult<Vec<u8>> {
    let mut png = Vec::new();
    // Most pixels repeat a neighbour exactly, which deflate exploits best in unfiltered rows.
    PngEncoder::new_with_quality(&mut png, CompressionType::Best, FilterType::NoFilter)
        .write_image(pixels, width, height, ExtendedColorType::L8)?;
    Ok(png)
}

/// Draws image `index` of the atlas: its grey values, row by row.
fn digit(index: usize) -> [u8; SIDE * SIDE] {
    let mut stream = Stream::new(SEED, Purpose::Digits, index as u32);
    let style = choose(STYLES[index % STYLES.len()], &mut stream);
    let mut lines: Vec<Polyline> = style.strokes.iter().map(|s| curve(s, &mut stream)).collect();
    bend(&mut lines, &mut stream);
    lean(&mut lines, &mut stream);
    let pen = stream.range(PEN.0, PEN.1);
    fit(&mut lines, pen, &mut stream);
    ink(&lines, pen, stream.range(EDGE.0, EDGE.1))
}

/// One of `styles`, as often as its weight says.
fn choose<'a>(styles: &'a [Style], stream: &mut Stream) -> &'a Style {
    let mut ticket = stream.below(styles.iter().map(|style| style.weight).sum());
    let mut chosen = 0;
    while ticket >= styles[chosen].weight {
        ticket -= styles[chosen].weight;
        chosen += 1;
    }
    &styles[chosen]
}

/// The quadratic B-spline of jittered `controls`.
///
/// Each inner control point pulls the curve from the middle of the side before it to the middle of
/// the side after it. If a point occurs twice, the side between has no length, which makes a corner.
fn curve(controls: &[Control], stream: &mut Stream) -> Polyline {
    let mut points: Polyline = Vec::with_capacity(controls.len());
    for (index, &(x, y)) in controls.iter().enumerate() {
        if index > 0 && controls[index - 1] == (x, y) {
            // The jitter must not pull the two halves of a corner apart.
            points.push(points[index - 1]);
            continue;
        }
        points.push(Point {
            x: f64::from(x) / 100.0 + stream.range(-JITTER, JITTER),
            y: f64::from(y) / 100.0 + stream.range(-JITTER, JITTER),
        });
    }
    let mut line = vec![points[0]];
    for inner in points.windows(3) {
        let (start, end) = (inner[0].middle(inner[1]), inner[1].middle(inner[2]));
        for cut in 0..=CUTS {
            let t = cut as f64 / CUTS as f64;
            let (a, b, c) = ((1.0 - t) * (1.0 - t), 2.0 * t * (1.0 - t), t * t);
            line.push(Point {
                x: a * start.x + b * inner[1].x + c * end.x,
                y: a * start.y + b * inner[1].y + c * end.y,
            });
        }
    }
    line.push(points[points.len() - 1]);
    line
}

/// Moves every point by a smooth random field: two waves of a random direction and phase.
fn bend(lines: &mut [Polyline], stream: &mut Stream) {
    for _ in 0..2 {
        let (angle, phase) = (stream.range(0.0, TAU), stream.range(0.0, TAU));
        let frequency = stream.range(WAVES.0, WAVES.1) * TAU;
        let (along_x, along_y) = (frequency * libm::cos(angle), frequency * libm::sin(angle));
        let (by_x, by_y) = (stream.range(-BEND, BEND), stream.range(-BEND, BEND));
        for point in lines.iter_mut().flatten() {
            let wave = libm::sin(along_x * point.x + along_y * point.y + phase);
            point.x += by_x * wave;
            point.y += by_y * wave;
        }
    }
}

/// Stretches, slants and turns the digit.
fn lean(lines: &mut [Polyline], stream: &mut Stream) {
    let stretch = stream.range(STRETCH.0, STRETCH.1);
    let slant = stream.range(SLANT.0, SLANT.1);
    let turn = stream.range(-TURN, TURN);
    let (sin, cos) = (libm::sin(turn), libm::cos(turn));
    for point in lines.iter_mut().flatten() {
        let (x, y) = (stretch * point.x - slant * point.y, point.y);
        *point = Point { x: cos * x - sin * y, y: sin * x + cos * y };
    }
}

/// Scales the digit, inked with radius `pen`, into its box and puts its centre of mass near the
/// middle of the image.
fn fit(lines: &mut [Polyline], pen: f64, stream: &mut Stream) {
    let (low, high) = bounds(lines.iter().flatten());
    let extent = (high.x - low.x).max(high.y - low.y);
    let scale = (stream.range(BOX.0, BOX.1) - 2.0 * pen) / extent;
    let mass = centre_of_mass(lines);
    // Moves the coordinate `mass` near the middle, but the ink, which spans `low` to `high`, not
    // past the margin.
    let mut offset = |mass: f64, low: f64, high: f64| {
        let room = MARGIN + pen;
        let wanted = SIDE as f64 / 2.0 + stream.range(-SHIFT, SHIFT) - scale * mass;
        wanted.min(SIDE as f64 - room - scale * high).max(room - scale * low)
    };
    let shift = Point { x: offset(mass.x, low.x, high.x), y: offset(mass.y, low.y, high.y) };
    for point in lines.iter_mut().flatten() {
        *point = Point { x: scale * point.x + shift.x, y: scale * point.y + shift.y };
    }
}

/// The corners of the smallest upright box around `points`: minimum and maximum coordinates.
fn bounds<'a>(points: impl IntoIterator<Item = &'a Point>) -> (Point, Point) {
    let mut low = Point { x: f64::INFINITY, y: f64::INFINITY };
    let mut high = Point { x: f64::NEG_INFINITY, y: f64::NEG_INFINITY };
    for point in points {
        low = Point { x: low.x.min(point.x), y: low.y.min(point.y) };
        high = Point { x: high.x.max(point.x), y: high.y.max(point.y) };
    }
    (low, high)
}

/// The centre of mass of `lines`, whose mass is their length.
fn centre_of_mass(lines: &[Polyline]) -> Point {
    let (mut x, mut y, mut mass) = (0.0, 0.0, 0.0);
    for piece in lines.iter().flat_map(|line| line.windows(2)) {
        let (length, middle) = (piece[0].distance(piece[1]), piece[0].middle(piece[1]));
        x += length * middle.x;
        y += length * middle.y;
        mass += length;
    }
    Point { x: x / mass, y: y / mass }
}

/// Draws `lines` with a round pen of radius `pen` whose edge fades over `edge` pixels.
fn ink(lines: &[Polyline], pen: f64, edge: f64) -> [u8; SIDE * SIDE] {
    let reach = pen + edge / 2.0;
    let mut distances = [reach * reach; SIDE * SIDE];
    for piece in lines.iter().flat_map(|line| line.windows(2)) {
        let (low, high) = bounds(piece);
        for row in span(low.y, high.y, reach) {
            for column in span(low.x, high.x, reach) {
                let pixel = Point { x: column as f64 + 0.5, y: row as f64 + 0.5 };
                let nearest = &mut distances[row * SIDE + column];
                *nearest = nearest.min(square_distance(pixel, piece[0], piece[1]));
            }
        }
    }
    distances.map(|square| {
        let cover = ((reach - libm::sqrt(square)) / edge).min(1.0);
        (libm::round(cover * (LEVELS - 1.0)) * 255.0 / (LEVELS - 1.0)) as u8
    })
}

/// The pixels, along one axis, within `reach` of the stretch from `low` to `high`.
fn span(low: f64, high: f64, reach: f64) -> Range<usize> {
    // `as` saturates: positions before the first pixel become 0.
    (low - reach) as usize..((high + reach) as usize + 1).min(SIDE)
}

/// The squared distance from `point` to the straight piece from `start` to `end`.
fn square_distance(point: Point, start: Point, end: Point) -> f64 {
    let along = Point { x: end.x - start.x, y: end.y - start.y };
    let from = Point { x: point.x - start.x, y: point.y - start.y };
    let square = along.x * along.x + along.y * along.y;
    // Position of the nearest point on the piece: 0 at its start, 1 at its end.
    let part = if square > 0.0 {
        ((from.x * along.x + from.y * along.y) / square).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let (x, y) = (from.x - part * along.x, from.y - part * along.y);
    x * x + y * y
}

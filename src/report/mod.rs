//! What people see of a run or a measurement, made from its records alone.

pub mod affine;
pub mod animation;
mod axis;
pub mod backward;
pub mod bands;
pub mod bench;
mod bins;
mod chance;
mod chart;
pub mod claims;
pub mod comparison;
pub mod confusion;
pub mod csv;
pub mod curves;
mod damaged;
pub mod depth;
pub mod filters;
pub mod folder;
pub mod layer_outputs;
pub mod markup;
pub mod number;
pub mod page;
mod panel;
pub mod picture;
mod probed;
mod raster;
pub mod records;
mod reflow;
pub mod reproduce;
pub mod ridges;
#[cfg(test)]
mod sample;
mod slopes;
pub mod style;
mod svg;
pub mod sweeps;
pub mod table;
mod tiles;
pub mod tune;
pub mod watch;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_record_stops_the_pictures() {
        for (name, records) in sample::odd() {
            let makers = [
                ridges::pictures,
                bands::pictures,
                layer_outputs::pictures,
                affine::pictures,
                filters::pictures,
                backward::pictures,
            ];
            for picture in makers.iter().flat_map(|make| make(&records)) {
                assert!(!picture.frames.is_empty(), "{name}: {picture:?}");
                for text in picture.frames.iter().map(|frame| &frame.svg) {
                    let broken =
                        text.contains("NaN") || text.contains("inf") || text.contains("own<");
                    assert!(!broken, "{name}: {text}");
                }
            }
        }
    }
}

//! Draws the lab's own digits into an atlas.
//!
//! `cargo run --release --example draw_digits [PATH]` writes to `assets/digits.png` unless a path
//! is given. The pixels are the same on every run and every platform. The documentation of the
//! module `draw` describes how the digits are drawn and how the atlas is laid out.

mod draw;

use std::path::PathBuf;
use std::{env, fs};

use anyhow::{Context, Result};

/// Where the atlas goes when no path is given, relative to the working directory.
const DEFAULT_PATH: &str = "assets/digits.png";

fn main() -> Result<()> {
    let path = env::args_os().nth(1).map_or_else(|| PathBuf::from(DEFAULT_PATH), PathBuf::from);
    let (width, height, pixels) = draw::atlas();
    let png = draw::encode(width, height, &pixels).context("cannot encode the atlas")?;
    // A reader never sees half a file: the new one takes its place only when it is complete.
    let mut partial = path.clone().into_os_string();
    partial.push(".partial");
    fs::write(&partial, &png)
        .and_then(|()| fs::rename(&partial, &path))
        .with_context(|| format!("cannot write {}", path.display()))?;
    println!("{}: {width} × {height} pixels, {} bytes", path.display(), png.len());
    Ok(())
}

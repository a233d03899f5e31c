//! From SVG to JPEG.

use anyhow::Context;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

/// Width and height of a picture in pixels.
pub(super) const SIDE: u16 = 800;
/// A picture stays below this many bytes.
pub(super) const LIMIT: usize = 60_000;

/// Renders a drawing as the best JPEG that fits the limit.
pub(super) fn render(svg: &str) -> anyhow::Result<Vec<u8>> {
    let tree = Tree::from_str(svg, &Options::default())?;
    let mut pixels = Pixmap::new(SIDE.into(), SIDE.into()).context("no room for the picture")?;
    resvg::render(&tree, Transform::identity(), &mut pixels.as_mut());
    let qualities: Vec<u8> = (50..=80).collect();
    let fitting = qualities.partition_point(|quality| {
        encode(pixels.data(), *quality).is_ok_and(|jpeg| jpeg.len() < LIMIT)
    });
    let best = qualities[..fitting]
        .last()
        .context("too much detail for its size")?;
    encode(pixels.data(), *best)
}

fn encode(rgba: &[u8], quality: u8) -> anyhow::Result<Vec<u8>> {
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, quality);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.set_progressive(true);
    encoder.set_optimized_huffman_tables(true);
    encoder.encode(rgba, SIDE, SIDE, ColorType::Rgba)?;
    Ok(jpeg)
}

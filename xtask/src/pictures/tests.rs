use std::collections::HashSet;

use super::{File, drawings, jpeg, range, renders};

/// The file names of the seed table (contract, catalogue page).
const SEED: [&str; 19] = [
    "holy_1.jpeg",
    "holy_2.jpeg",
    "colourful_socks.jpg",
    "puma_1.jpeg",
    "puma_2.jpeg",
    "weave1.jpg",
    "weave2.jpg",
    "cross_1.jpeg",
    "cross_2.jpeg",
    "WAT.jpg",
    "WAT2.jpg",
    "catsocks.jpg",
    "catsocks2.jpg",
    "bit_of_leg_1.jpeg",
    "bit_of_leg_2.jpeg",
    "youtube_1.jpeg",
    "youtube_2.jpeg",
    "classic.jpg",
    "classic2.jpg",
];

#[test]
fn every_picture_of_the_seed_is_drawn_and_no_other() {
    let names: Vec<&str> = range::pictures().map(|picture| picture.name).collect();
    assert_eq!(names, SEED);
}

#[test]
fn every_jpeg_is_square_small_committed_and_unlike_the_others() {
    let mut seen = HashSet::new();
    for File { path, bytes } in renders().unwrap() {
        let shown = path.display();
        assert_eq!(size(&bytes), Some((jpeg::SIDE, jpeg::SIDE)), "{shown}");
        assert!(
            bytes.len() < jpeg::LIMIT,
            "{shown} has {} bytes",
            bytes.len()
        );
        if cfg!(target_arch = "x86_64") {
            // Elsewhere the last bit of a float may round another way.
            assert!(
                std::fs::read(&path).unwrap() == bytes,
                "{shown} is stale: run cargo xtask pictures"
            );
        }
        assert!(seen.insert(bytes), "{shown} repeats another picture");
    }
    assert_eq!(seen.len(), SEED.len());
}

#[test]
fn every_drawing_is_small_self_contained_and_committed() {
    for File { path, bytes } in drawings() {
        let (svg, shown) = (String::from_utf8(bytes).unwrap(), path.display());
        assert!(svg.len() < 15_000, "{shown} has {} bytes", svg.len());
        assert!(
            !svg.contains("<script") && !svg.contains("href=\"http"),
            "{shown} reaches out"
        );
        assert!(
            resvg::usvg::Tree::from_str(&svg, &resvg::usvg::Options::default()).is_ok(),
            "{shown}"
        );
        assert!(
            std::fs::read_to_string(&path).unwrap() == svg,
            "{shown} is stale: run cargo xtask pictures"
        );
    }
}

/// Reads width and height from the frame header of a progressive JPEG (ITU-T T.81, B.2.2).
fn size(jpeg: &[u8]) -> Option<(u16, u16)> {
    let frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc2])?;
    let side = |at: usize| Some(u16::from_be_bytes([*jpeg.get(at)?, *jpeg.get(at + 1)?]));
    Some((side(frame + 7)?, side(frame + 5)?))
}

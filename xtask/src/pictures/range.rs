//! The ten socks on offer.

use super::pattern::Pattern;
use super::plate::Pose;
use super::prop::Prop;
use super::sock::Sock;

/// A product's sock and its pictures: file names as the catalogue seeds them.
type Offer = (Sock, &'static [(&'static str, Pose)]);

/// A picture of the range.
#[derive(Clone, Copy)]
pub(super) struct Picture {
    /// Sock shown in the picture.
    pub(super) sock: &'static Sock,
    /// File name of the picture.
    pub(super) name: &'static str,
    /// How it is arranged.
    pub(super) pose: Pose,
}

/// Returns every picture of the range.
pub(super) fn pictures() -> impl Iterator<Item = Picture> {
    RANGE.iter().flat_map(|(sock, pictures)| {
        pictures
            .iter()
            .map(move |&(name, pose)| Picture { sock, name, pose })
    })
}

const fn sock(yarn: &'static str, trim: &'static str, pattern: Pattern) -> Sock {
    Sock {
        top: 110.0,
        cuff: 62.0,
        yarn,
        rim: trim,
        trim,
        pattern,
        prop: Prop::None,
    }
}

static RANGE: [Offer; 10] = [
    (
        Sock {
            prop: Prop::Halo,
            ..sock("#f5efe2", "#d9cdb4", Pattern::Stars("#e0ad3f"))
        },
        &[("holy_1.jpeg", Pose::Single), ("holy_2.jpeg", Pose::Stride)],
    ),
    (
        sock(
            "#f1e6d0",
            "#8a5a34",
            Pattern::Stripes(&[
                (26.0, "#3d6d96"),
                (12.0, "#f1e6d0"),
                (40.0, "#8a5a34"),
                (12.0, "#d9a441"),
                (20.0, "#f1e6d0"),
                (34.0, "#28435f"),
                (10.0, "#c4583a"),
                (24.0, "#8fb4c9"),
                (12.0, "#8a5a34"),
                (16.0, "#f1e6d0"),
            ]),
        ),
        &[("colourful_socks.jpg", Pose::Hung)],
    ),
    (
        Sock {
            top: 40.0,
            ..sock(
                "#2c2a28",
                "#b3361e",
                Pattern::Chevrons(["#f3eee4", "#d8553a"]),
            )
        },
        &[("puma_1.jpeg", Pose::Single), ("puma_2.jpeg", Pose::Stride)],
    ),
    (
        sock("#2b2926", "#4a4641", Pattern::Weave(["#b9b0a0", "#6f685d"])),
        &[("weave1.jpg", Pose::Single), ("weave2.jpg", Pose::Hung)],
    ),
    (
        sock(
            "#274a75",
            "#b3402c",
            Pattern::Crosses(["#e57a62", "#f1e6d0"]),
        ),
        &[
            ("cross_1.jpeg", Pose::Single),
            ("cross_2.jpeg", Pose::Crossed),
        ],
    ),
    (
        sock(
            "#4f8560",
            "#27405c",
            Pattern::Argyle(["#27496f", "#f3eee4"]),
        ),
        &[("WAT.jpg", Pose::Single), ("WAT2.jpg", Pose::Stride)],
    ),
    (
        Sock {
            prop: Prop::Cat,
            cuff: 104.0,
            rim: "#c08a58",
            ..sock("#c08a58", "#5f8a5a", Pattern::Tabby("#6e4526"))
        },
        &[
            ("catsocks.jpg", Pose::Single),
            ("catsocks2.jpg", Pose::Facing),
        ],
    ),
    (
        Sock {
            prop: Prop::Leg,
            top: 200.0,
            cuff: 48.0,
            ..sock(
                "#3b6ea3",
                "#27496f",
                Pattern::Circuit(["#e8d9a8", "#27496f"]),
            )
        },
        &[
            ("bit_of_leg_1.jpeg", Pose::Single),
            ("bit_of_leg_2.jpeg", Pose::Stride),
        ],
    ),
    (
        sock(
            "#8d9794",
            "#3a4446",
            Pattern::TestCard(["#e9e6dc", "#e3b23c", "#4f9ba3", "#b8442c", "#f3eee4"]),
        ),
        &[
            ("youtube_1.jpeg", Pose::Single),
            ("youtube_2.jpeg", Pose::Facing),
        ],
    ),
    (
        sock("#a5764c", "#3f6b4a", Pattern::Ribs("#6f4829")),
        &[("classic.jpg", Pose::Single), ("classic2.jpg", Pose::Hung)],
    ),
];

//! What can be knitted into a sock.

use super::figure::Figure;
use super::{knit, motif};

/// A pattern, told apart by its shapes even where colours fail.
pub(super) enum Pattern {
    /// Broad ribs down the leg, every other one in this colour.
    Ribs(&'static str),
    /// Stripes of these heights and colours, repeated.
    Stripes(&'static [(f64, &'static str)]),
    /// Arrow heads pointing down, in turns of two colours.
    Chevrons([&'static str; 2]),
    /// Over one, under one: the colours of warp and weft.
    Weave([&'static str; 2]),
    /// Crosses, and the dots between them.
    Crosses([&'static str; 2]),
    /// Diamonds under fine crossing lines.
    Argyle([&'static str; 2]),
    /// The markings of a tabby.
    Tabby(&'static str),
    /// Traces and pads round a chip: copper, then the chip.
    Circuit([&'static str; 2]),
    /// What television showed when there was none.
    TestCard([&'static str; 5]),
    /// Repeated four-pointed stars.
    Stars(&'static str),
}

impl Pattern {
    /// Draws the pattern from the cuff, which ends at `from`, to the toe.
    pub(super) fn draw(&self, figure: &Figure, from: f64) -> String {
        match self {
            Self::Ribs(colour) => knit::ribs(figure, from, colour),
            Self::Stripes(stripes) => knit::stripes(figure, from, stripes),
            Self::Chevrons(colours) => knit::chevrons(figure, from, *colours),
            Self::Weave(colours) => knit::weave(figure, from, *colours),
            Self::Crosses(colours) => knit::crosses(figure, from, *colours),
            Self::Argyle(colours) => knit::argyle(figure, from, *colours),
            Self::Tabby(colour) => motif::tabby(figure, from, colour),
            Self::Circuit(colours) => motif::circuit(figure, from, *colours),
            Self::TestCard(colours) => motif::test_card(figure, from, *colours),
            Self::Stars(colour) => motif::stars(figure, from, colour),
        }
    }
}

//! The curves every sock is made over, as a shoemaker's last would be carved.

use super::curve::Cubic;

/// The front of the ankle.
pub(super) const SHIN: Cubic = [
    (438.0, 416.0),
    (440.0, 462.0),
    (474.0, 506.0),
    (528.0, 530.0),
];
/// The top of the foot, up to the toe.
pub(super) const INSTEP: Cubic = [
    (528.0, 530.0),
    (566.0, 547.0),
    (606.0, 556.0),
    (644.0, 568.0),
];
/// Round the heel, from the calf to the sole.
pub(super) const HEEL: [Cubic; 2] = [
    [
        (276.0, 480.0),
        (273.0, 526.0),
        (244.0, 560.0),
        (244.0, 612.0),
    ],
    [
        (244.0, 612.0),
        (244.0, 668.0),
        (292.0, 700.0),
        (358.0, 694.0),
    ],
];
/// The sole, up to the toe.
pub(super) const SOLE: Cubic = [
    (358.0, 694.0),
    (426.0, 680.0),
    (540.0, 696.0),
    (634.0, 698.0),
];
/// Round the toe, from the sole to the instep.
pub(super) const TOE: [Cubic; 2] = [
    [
        (634.0, 698.0),
        (700.0, 699.0),
        (730.0, 668.0),
        (721.0, 628.0),
    ],
    [
        (721.0, 628.0),
        (713.0, 596.0),
        (682.0, 580.0),
        (644.0, 568.0),
    ],
];
/// Where the heel patch is sewn on.
pub(super) const HEEL_SEAM: Cubic = [
    (276.0, 480.0),
    (362.0, 488.0),
    (404.0, 606.0),
    (358.0, 694.0),
];
/// Where the grid turns at the back: under the heel patch, which keeps its columns smooth.
pub(super) const UNDER_HEEL: Cubic = [
    (277.0, 440.0),
    (275.0, 580.0),
    (318.0, 686.0),
    (418.0, 687.0),
];
/// Where the grid runs along the sole.
pub(super) const UNDER_FOOT: Cubic = [
    (418.0, 687.0),
    (490.0, 688.0),
    (562.0, 696.0),
    (634.0, 698.0),
];

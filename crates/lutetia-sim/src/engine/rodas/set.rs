//! Which instructions does the processor have?
//!
//! The numerics of a group are compiled once for each set of instructions, and the best one that is there is chosen when
//! the engine is made. None of them multiplies and adds in one operation, and every operation is done lane by lane: the
//! bits are the same on all of them.

#[cfg(target_arch = "x86_64")]
use pulp::x86::{V3, V4};

/// A set of instructions.
#[derive(Debug, Clone, Copy)]
pub(crate) enum InstructionSet {
    /// What every processor of the target has.
    Common,
    /// 256 bits at once (AVX2).
    #[cfg(target_arch = "x86_64")]
    V3(V3),
    /// 512 bits at once (AVX-512).
    #[cfg(target_arch = "x86_64")]
    V4(V4),
}

/// What is compiled for every set: `call` and all that it calls is inlined.
pub(super) use pulp::NullaryFnOnce as Numerics;

impl InstructionSet {
    /// Those that this processor has, the best last.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn all() -> Vec<Self> {
        let sets = [Some(Self::Common), V3::try_new().map(Self::V3), V4::try_new().map(Self::V4)];
        sets.into_iter().flatten().collect()
    }

    /// Those that this processor has, the best last.
    #[cfg(not(target_arch = "x86_64"))]
    pub(crate) fn all() -> Vec<Self> {
        vec![Self::Common]
    }

    /// The best one.
    pub(crate) fn best() -> Self {
        Self::all().last().copied().unwrap_or(Self::Common)
    }

    /// Runs something that was compiled for it.
    #[inline]
    pub(super) fn run<F: Numerics>(self, numerics: F) -> F::Output {
        match self {
            Self::Common => numerics.call(),
            #[cfg(target_arch = "x86_64")]
            Self::V3(set) => set.vectorize(numerics),
            #[cfg(target_arch = "x86_64")]
            Self::V4(set) => set.vectorize(numerics),
        }
    }
}

//! Chance that is the same on every machine: xoshiro256** (D. Blackman and S. Vigna, ACM Trans. Math. Softw. 47, 2021) filled by
//! splitmix64, and the moving-block bootstrap that draws from it.

const MIXING_STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The number of splitmix64 that follows `state` (G. Steele, D. Lea and C. Flood, OOPSLA 2014): every bit of the state moves half of its
/// bits, and no two states give the same.
pub fn mixed(state: u64) -> u64 {
    let z = state.wrapping_add(MIXING_STEP);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A stream of random numbers.
pub struct Random([u64; 4]);

impl Random {
    /// The stream of a seed.
    pub fn of(seed: u64) -> Random {
        Random(std::array::from_fn(|step| mixed(seed.wrapping_add((step as u64).wrapping_mul(MIXING_STEP)))))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        let [s0, s1, s2, s3] = &mut self.0;
        let result = s1.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = *s1 << 17;
        *s2 ^= *s0;
        *s3 ^= *s1;
        *s1 ^= *s2;
        *s0 ^= *s3;
        *s2 ^= shifted;
        *s3 = s3.rotate_left(45);
        result
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in 0..n; 0 for n = 0.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }
}

/// Rows drawn again in blocks of n^⅓ that stand next to each other, so that what follows on what is kept (H. Künsch, Ann. Statist. 17,
/// 1989; the length of P. Hall, J. Horowitz and B. Jing, Biometrika 82, 1995, for a variance).
pub fn block_resample(rows: usize, random: &mut Random) -> Vec<usize> {
    if rows == 0 {
        return Vec::new();
    }
    let length = (rows as f64).cbrt().ceil() as usize;
    let mut drawn = Vec::with_capacity(rows + length);
    while drawn.len() < rows {
        let start = random.below(rows - length + 1);
        drawn.extend(start..start + length);
    }
    drawn.truncate(rows);
    drawn
}

/// The bounds that hold `confidence` of `values`, which are sorted by it (percentile interval, linear between neighbours). Nothing for
/// none.
pub fn percentile_interval(values: &mut [f64], confidence: f64) -> Option<(f64, f64)> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let tail = (1.0 - confidence) / 2.0;
    let at = |share: f64| {
        let place = share * last as f64;
        let below = (place.floor() as usize).min(last);
        let above = (below + 1).min(last);
        values[below] + (values[above] - values[below]) * (place - below as f64)
    };
    Some((at(tail), at(1.0 - tail)))
}

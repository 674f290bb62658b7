//! Where does a map stay?
//!
//! Anderson's acceleration (J. ACM 12, 547, 1965; Walker and Ni, SIAM J. Numer. Anal. 49, 1715, 2011): the next point is
//! the combination of the images so far, with weights that sum to one, whose residual is least. A map that is affine
//! takes as many steps as it has modes that do not vanish within one. What the map conserves, every combination does.

/// Most images that are combined.
const MOST_COMBINED: usize = 16;
/// A direction is left out where the residual changes less along it, compared with what is left.
const LEAST_CHANGE: f64 = 1e-5;

/// The images of a map so far.
#[derive(Debug, Default)]
pub(crate) struct FixedPoint {
    /// (image, image − point), the newest last.
    known: Vec<(Vec<f64>, Vec<f64>)>,
}

impl FixedPoint {
    /// Takes the image of a point and proposes the next one. `sizes` are those of the entries, all above zero.
    pub(crate) fn next(&mut self, point: &[f64], image: Vec<f64>, sizes: &[f64]) -> Vec<f64> {
        let residual: Vec<f64> = image.iter().zip(point).map(|(g, x)| g - x).collect();
        if self.known.len() > MOST_COMBINED {
            self.known.remove(0);
        }
        self.known.push((image, residual));
        let Some(((image, residual), earlier)) = self.known.split_last() else {
            return point.to_vec();
        };
        let scaled = |v: &[f64]| -> Vec<f64> { v.iter().zip(sizes).map(|(v, s)| v / s).collect() };
        let left = scaled(residual);
        // Differences to the newest, the nearest first, made orthogonal (modified Gram–Schmidt).
        let mut basis: Vec<(Vec<f64>, Vec<f64>)> = Vec::new();
        for (g, r) in earlier.iter().rev() {
            let mut moved: Vec<f64> = image.iter().zip(g).map(|(a, b)| a - b).collect();
            let change: Vec<f64> = residual.iter().zip(r).map(|(a, b)| a - b).collect();
            let mut change = scaled(&change);
            for (q, by) in &basis {
                let share = dot(q, &change);
                subtract(&mut change, share, q);
                subtract(&mut moved, share, by);
            }
            let length = dot(&change, &change).sqrt();
            if length > LEAST_CHANGE * dot(&left, &left).sqrt() {
                change.iter_mut().for_each(|c| *c /= length);
                moved.iter_mut().for_each(|m| *m /= length);
                basis.push((change, moved));
            }
        }
        let mut next = image.clone();
        for (q, by) in &basis {
            subtract(&mut next, dot(q, &left), by);
        }
        next
    }

    /// An entry whose residual has not changed for some time, and how large it is: it moves on for ever. Residuals
    /// below the `least` of each entry are none.
    pub(crate) fn moving_on(&self, least: &[f64]) -> Option<(usize, f64)> {
        const LOOKED_AT: usize = 8;
        let recent = self.known.len().checked_sub(LOOKED_AT).map(|first| &self.known[first..])?;
        let newest = &recent.last()?.1;
        let same = |k: usize| {
            recent.iter().all(|(_, r)| (r[k] - newest[k]).abs() <= 1e-4 * newest[k].abs())
        };
        let share = |k: &usize| newest[*k].abs() / least[*k];
        (0..newest.len())
            .filter(|k| newest[*k].abs() > least[*k] && same(*k))
            .max_by(|a, b| share(a).total_cmp(&share(b)))
            .map(|k| (k, newest[k]))
    }

    /// Whether the residual of every entry is below its `least`.
    pub(crate) fn is_near(&self, least: &[f64]) -> bool {
        let newest = self.known.last().map_or(&[][..], |(_, residual)| residual);
        newest.iter().zip(least).all(|(r, least)| r.abs() <= *least)
    }

    /// The entry with the largest residual, and that.
    pub(crate) fn worst(&self, sizes: &[f64]) -> Option<(usize, f64)> {
        let newest = &self.known.last()?.1;
        (0..newest.len())
            .max_by(|&a, &b| (newest[a].abs() / sizes[a]).total_cmp(&(newest[b].abs() / sizes[b])))
            .map(|k| (k, newest[k]))
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn subtract(from: &mut [f64], share: f64, what: &[f64]) {
    for (x, w) in from.iter_mut().zip(what) {
        *x -= share * w;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// x ↦ Mx + c, from zero.
    fn settles(m: &[[f64; 3]; 3], c: [f64; 3], steps: usize) -> Vec<f64> {
        let (mut x, mut search) = (vec![0.0; 3], FixedPoint::default());
        for _ in 0..steps {
            let image = (0..3).map(|i| dot(&m[i], &x) + c[i]).collect();
            let sizes: Vec<f64> = x.iter().map(|x: &f64| x.abs().max(1e-3)).collect();
            x = search.next(&x, image, &sizes);
        }
        x
    }

    #[test]
    fn exact_an_affine_map_takes_as_many_steps_as_it_has_modes() {
        // Modes 0.999, 0.9 and 0.1, coupled one way; the plain iteration would take 10 000 steps.
        let m = [[0.999, 0.0, 0.0], [0.05, 0.9, 0.0], [0.3, 0.2, 0.1]];
        let c = [1.0, 2.0, 3.0];
        let a = 1.0 / 0.001;
        let b = (2.0 + 0.05 * a) / 0.1;
        let d = (3.0 + 0.3 * a + 0.2 * b) / 0.9;
        for (found, right) in settles(&m, c, 8).iter().zip([a, b, d]) {
            assert!((found / right - 1.0).abs() < 1e-9, "{found} for {right}");
        }
    }

    #[test]
    fn exact_what_is_conserved_stays_and_what_moves_on_is_named() {
        // The sum of the first two is conserved; the third gains one in each step.
        let (mut x, mut search) = (vec![3.0, 1.0, 0.0], FixedPoint::default());
        let mut named = None;
        for _ in 0..12 {
            let image = vec![0.7 * x[0] + 0.1 * x[1], 0.3 * x[0] + 0.9 * x[1], x[2] + 1.0];
            let sizes: Vec<f64> = x.iter().map(|x: &f64| x.abs().max(1e-3)).collect();
            x = search.next(&x, image, &sizes);
            named = search.moving_on(&[1e-3; 3]).or(named);
        }
        assert!((x[0] - 1.0).abs() < 1e-9 && (x[1] - 3.0).abs() < 1e-9, "{x:?}");
        let (entry, gain) = named.expect("moves on");
        assert!(entry == 2 && (gain - 1.0).abs() < 1e-9);
    }
}

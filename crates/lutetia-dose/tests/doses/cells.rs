//! Single cells and spheres of a few cells against closed forms and published simulations.

use lutetia_dose::bundled::{source, source_until, source_with_daughters};
use lutetia_dose::{Cell, Compartment, cell_dose, small_sphere, sphere_dose_factor};
use lutetia_dose::{SelfDoseFactor, Surroundings};

/// Cell of 14 µm with a nucleus of 10 µm.
const CELL: Cell = Cell { radius_um: 7.0, nucleus_um: 5.0 };

/// J of 1 MeV.
const MEV: f64 = 1.602_176_634e-13;

/// Alcocer-Avila 2020, EJNMMI Phys 7:33, table 3 (read there): dose of the nucleus of a cell when 1436 MeV of electrons
/// leave decays in it, and the share of it that is the cell's own, for a cell of 14 µm (1 MeV per µm³) with a nucleus of
/// 10 µm (the geometry quoted from memory, confirmed by 1436 µm³). Monte Carlo with the track structure in water; ours are
/// mean kernels with isotropic starts.
#[test]
fn val_cells_of_lutetium_and_terbium() {
    let published = [
        ("Lu-177", Compartment::Surface, 7.2 * 0.26),
        ("Lu-177", Compartment::Cytoplasm, 8.3 * 0.36),
        ("Lu-177", Compartment::Cell, 11.0 * 0.53),
        ("Lu-177", Compartment::Nucleus, 15.7 * 0.68),
        ("Tb-161", Compartment::Surface, 15.1 * 0.33),
        ("Tb-161", Compartment::Cytoplasm, 17.9 * 0.46),
        ("Tb-161", Compartment::Cell, 29.1 * 0.67),
        ("Tb-161", Compartment::Nucleus, 47.8 * 0.81),
    ];
    for (nuclide, from, gy) in published {
        let of = source(nuclide).expect("a nuclide");
        let dose = cell_dose(&of, CELL, from).expect("a cell");
        let decays = 1436.0 / of.energy_mev()[1];
        // mGy/(MBq s) is 1e-9 Gy per decay.
        let found = 1e-9 * decays * dose.electron;
        println!("{nuclide} {from:?}: {found:.2} Gy, published {gy:.2}");
        assert!((found / gy - 1.0).abs() < 0.15, "{nuclide} {from:?}: {found} {gy}");
    }
}

/// A sphere is served alike by both ways where both serve it, and the mean over evenly spread starts is the closed form.
#[test]
fn exact_spheres_agree_however_they_are_computed() {
    for nuclide in ["Lu-177", "Tb-161", "Y-90", "Ac-225"] {
        let of = source_with_daughters(nuclide).expect("a nuclide");
        for radius_um in [200.0, 1000.0] {
            let small = small_sphere(&of, radius_um).expect("a sphere");
            let large: SelfDoseFactor =
                sphere_dose_factor(&of, "sphere", small.mass_g, 1.0, Surroundings::Body)
                    .expect("a sphere");
            assert!((small.alpha - large.alpha).abs() <= 1e-9 * large.alpha, "{nuclide}");
            assert!((small.electron / large.electron - 1.0).abs() < 1e-9, "{nuclide}");
        }
        // A cell that is all nucleus, from decays in the nucleus: the sphere by its covariogram.
        let cell = Cell { radius_um: 10.0, nucleus_um: 9.0 };
        let own = cell_dose(&of, cell, Compartment::Nucleus).expect("a cell");
        let sphere = small_sphere(&of, 9.0).expect("a sphere");
        assert!((own.electron / sphere.electron - 1.0).abs() < 0.02, "{nuclide}");
        if sphere.alpha > 0.0 {
            assert!((own.alpha / sphere.alpha - 1.0).abs() < 0.02, "{nuclide}");
        }
    }
}

/// Alphas of 211At through a cell: the stopping power of the Bragg–Kleeman rule along the mean chord that a surface source
/// sees. Of straight tracks from a point on the surface of the cell the share (1 − cos θ)/2, sin θ = R_n/R_c, meets the
/// nucleus; their mean energy there follows by a sum over angles.
#[test]
fn exact_alphas_from_the_surface_follow_their_tracks() {
    let of = source("Po-211").expect("a nuclide");
    let dose = cell_dose(&of, CELL, Compartment::Surface).expect("a cell");
    let (outer, inner) = (CELL.radius_um, CELL.nucleus_um);
    let mev = 7.4425_f64;
    let range = 3.2 * mev.powf(1.54);
    let left = |way: f64| (1.0 - way / range).max(0.0).powf(1.0 / 1.54);
    let n = 20_000;
    let mut sum = 0.0;
    for i in 0..n {
        let cos = (f64::from(i) + 0.5) / f64::from(n);
        // Towards the centre half of all directions, evenly in the cosine.
        let beside2 = outer * outer * (1.0 - cos * cos);
        if beside2 >= inner * inner {
            continue;
        }
        let half = (inner * inner - beside2).sqrt();
        let to = outer * cos;
        sum += left(to - half) - left(to + half);
    }
    let fraction = 0.5 * sum / f64::from(n);
    let found = dose.alpha_fraction.expect("alphas");
    println!("{found} {fraction}");
    assert!((found / fraction - 1.0).abs() < 0.04, "{found} {fraction}");
}

/// Dose times mass is what stays, and nothing more than what is emitted.
#[test]
fn prop_a_larger_sphere_holds_more() {
    for nuclide in
        ["Lu-177", "Y-90", "Tb-161", "Cu-67", "I-131", "Ac-225", "Pb-212", "At-211", "Th-227"]
    {
        let of = source_with_daughters(nuclide).expect("a nuclide");
        let mut before = [0.0; 2];
        for radius_um in [5.0, 20.0, 100.0, 500.0, 2500.0, 10_000.0] {
            let small = small_sphere(&of, radius_um).expect("a sphere");
            let now = [small.alpha_fraction.unwrap_or(1.0), small.electron_fraction.unwrap_or(1.0)];
            for (k, fraction) in now.iter().enumerate() {
                assert!(
                    *fraction <= 1.0 + 1e-9 && *fraction >= before[k] - 1e-12,
                    "{nuclide} {now:?}"
                );
            }
            before = now;
            let [alpha, electron, _] = of.energy_mev();
            let kept = (now[0] * alpha + now[1] * electron) * MEV;
            let found = 1e-9 * (small.alpha + small.electron) * 1e-3 * small.mass_g;
            assert!((found / kept - 1.0).abs() < 1e-9, "{nuclide}");
        }
    }
}

/// What is followed by itself is left out with all that comes after it, and together it is the whole.
#[test]
fn exact_a_chain_in_parts_is_the_chain() {
    let day = 86_400.0;
    for (nuclide, followed, half_life_d) in [
        ("Ac-225", vec!["Fr-221", "Bi-213"], 9.92),
        ("Pb-212", vec!["Bi-212"], 0.4426),
        ("Th-227", vec!["Ra-223", "Pb-211"], 18.68),
    ] {
        let longest = 10.0 * half_life_d * day;
        let whole = source_with_daughters(nuclide).expect("a nuclide").energy_mev();
        let mut sum = [0.0; 3];
        for head in std::iter::once(nuclide).chain(followed.iter().copied()) {
            let part = source_until(head, &followed, longest).expect("a nuclide").energy_mev();
            let per = lutetia_dose::bundled::decays_per_decay(nuclide, head).expect("of the chain");
            for (total, mev) in sum.iter_mut().zip(part) {
                *total += per * mev;
            }
        }
        for (found, mev) in sum.iter().zip(whole) {
            // 211Bi reaches 211Po once more by a branch of 3e-6 that a part counts and the whole does too.
            assert!((found / mev - 1.0).abs() < 1e-3, "{nuclide}: {sum:?} {whole:?}");
        }
    }
    // 207Bi lives 31 years: it is not counted with 211At.
    let alone = source_until("At-211", &[], 10.0 * 7.214 * 3600.0).expect("a nuclide");
    assert!((alone.energy_mev()[0] - 6.916).abs() < 0.02, "{:?}", alone.energy_mev());
}

#[test]
fn exact_cells_that_are_none_are_refused() {
    let of = source("Lu-177").expect("a nuclide");
    for (radius_um, nucleus_um) in
        [(5.0, 5.0), (5.0, 6.0), (5.0, 0.0), (-1.0, -2.0), (f64::NAN, 1.0)]
    {
        let cell = Cell { radius_um, nucleus_um };
        assert!(cell_dose(&of, cell, Compartment::Surface).is_err(), "{cell:?}");
    }
    assert!(small_sphere(&of, 0.0).is_err() && small_sphere(&of, f64::INFINITY).is_err());
}

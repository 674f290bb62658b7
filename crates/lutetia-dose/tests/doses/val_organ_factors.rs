//! Organ and sphere factors against other programs.

use lutetia_dose::{
    Region, SelfDoseFactor, Sex, Surroundings, bundled, marrow_from_body, marrow_from_organ,
    marrow_self_factor, self_dose_factor, sphere_dose_factor,
};

/// OLINDA/EXM 2.2 factors, mGy/(MBq s), as tabulated by the RayzeBio dosimetry calculator (MIT): male
/// and female of kidneys, liver, spleen, salivary glands, red marrow from itself and from the total
/// body (0 where the list has none). Of alpha emitters it prints the alpha part five times.
const OLINDA: [(&str, [f64; 12]); 12] = [
    (
        "Lu-177",
        [
            7.76e-5, 8.70e-5, 1.37e-5, 1.76e-5, 1.60e-4, 1.84e-4, 2.78e-4, 3.38e-4, 1.15e-5,
            1.49e-5, 2.74e-7, 3.28e-7,
        ],
    ),
    (
        "Y-90",
        [
            4.52e-4, 5.06e-4, 8.05e-5, 1.03e-4, 9.26e-4, 1.06e-3, 1.53e-3, 1.85e-3, 5.61e-5,
            7.30e-5, 1.45e-6, 1.73e-6,
        ],
    ),
    (
        "I-131",
        [
            1.14e-4, 1.27e-4, 2.28e-5, 2.89e-5, 2.32e-4, 2.66e-4, 3.84e-4, 4.66e-4, 1.49e-5,
            1.91e-5, 6.36e-7, 7.66e-7,
        ],
    ),
    (
        "Tb-161",
        [
            1.08e-4, 1.21e-4, 1.91e-5, 2.45e-5, 2.22e-4, 2.55e-4, 3.84e-4, 4.67e-4, 1.71e-5,
            2.21e-5, 3.88e-7, 4.69e-7,
        ],
    ),
    (
        "Cu-67",
        [
            8.21e-5, 9.18e-5, 1.52e-5, 1.93e-5, 1.68e-4, 1.94e-4, 2.89e-4, 3.50e-4, 1.19e-5,
            1.54e-5, 3.48e-7, 4.15e-7,
        ],
    ),
    (
        "In-111",
        [
            3.89e-5, 4.25e-5, 1.02e-5, 1.27e-5, 7.59e-5, 8.56e-5, 1.07e-4, 1.27e-4, 4.45e-6,
            5.46e-6, 4.11e-7, 4.87e-7,
        ],
    ),
    (
        "Ac-225",
        [
            1.52e-2, 1.71e-2, 2.62e-3, 3.37e-3, 3.15e-2, 3.63e-2, 5.56e-2, 6.75e-2, 4.04e-3,
            5.25e-3, 9.51e-5, 1.14e-4,
        ],
    ),
    (
        "Fr-221",
        [
            1.66e-2, 1.87e-2, 2.86e-3, 3.67e-3, 3.43e-2, 3.96e-2, 6.05e-2, 7.35e-2, 4.40e-3,
            5.71e-3, 0.0, 0.0,
        ],
    ),
    (
        "At-217",
        [
            1.86e-2, 2.09e-2, 3.20e-3, 4.12e-3, 3.85e-2, 4.44e-2, 6.79e-2, 8.24e-2, 4.93e-3,
            6.41e-3, 0.0, 0.0,
        ],
    ),
    (
        "Bi-213",
        [
            5.51e-4, 6.18e-4, 9.63e-5, 1.24e-4, 1.13e-3, 1.31e-3, 1.97e-3, 2.39e-3, 1.14e-4,
            1.47e-4, 0.0, 0.0,
        ],
    ),
    (
        "Po-213",
        [
            2.21e-2, 2.48e-2, 3.80e-3, 4.88e-3, 4.56e-2, 5.26e-2, 8.04e-2, 9.77e-2, 5.84e-3,
            7.60e-3, 0.0, 0.0,
        ],
    ),
    (
        "Pb-209",
        [
            1.01e-4, 1.14e-4, 1.75e-5, 2.25e-5, 2.09e-4, 2.41e-4, 3.64e-4, 4.43e-4, 1.36e-5,
            1.76e-5, 0.0, 0.0,
        ],
    ),
];

/// Masses the OLINDA factors are for, g (ICRP Publication 89).
const ORGANS: [(&str, [f64; 2]); 4] = [
    ("kidneys", [310.0, 275.0]),
    ("liver", [1800.0, 1400.0]),
    ("spleen", [150.0, 130.0]),
    ("salivary glands", [85.0, 70.0]),
];

fn reference(i: usize) -> Sex {
    [Sex::Male, Sex::Female][i]
}

/// Our factor for column `i` of the list.
fn ours(nuclide: &str, i: usize) -> SelfDoseFactor {
    let source = bundled::source(nuclide).expect("a bundled nuclide");
    let sex = reference(i % 2);
    match i / 2 {
        4 => marrow_self_factor(&source, sex),
        5 => marrow_from_body(&source, sex),
        organ => {
            let (organ, masses) = ORGANS[organ];
            let region = Region::named(organ).expect("a known organ");
            self_dose_factor(&source, &region, masses[i % 2], sex)
        }
    }
    .expect("a factor")
}

#[test]
fn val_organ_factors_of_olinda() {
    let columns = ["kidneys", "liver", "spleen", "salivary", "RM<-RM", "RM<-TB"];
    println!("deviation in %, male and female");
    println!("nuclide  {}", columns.map(|c| format!("{c:>16}")).join(""));
    let mut worst: f64 = 0.0;
    let mut failed = Vec::new();
    for (nuclide, expected) in OLINDA {
        // 2 % for 177Lu. Rounding of the table is up to 0.5 %; photons carry three quarters of what
        // 111In leaves in a liver, and there the shape of the organ and its place in the body count:
        // 5 %.
        let tolerance = if nuclide == "Lu-177" { 0.02 } else { 0.05 };
        let mut line = format!("{nuclide:8} ");
        for (i, value) in expected.into_iter().enumerate() {
            if value == 0.0 {
                continue;
            }
            let factor = ours(nuclide, i);
            let printed = 5.0 * factor.alpha + factor.electron + factor.photon;
            let deviation = printed / value - 1.0;
            line += &format!("{:+8.2}", 100.0 * deviation);
            worst = worst.max(deviation.abs());
            if deviation.abs() >= tolerance {
                failed.push(format!("{nuclide} {} {i}: {deviation:+.4}", columns[i / 2]));
            }
        }
        println!("{line}");
    }
    println!("worst {:.2} %", 100.0 * worst);
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn val_marrow_from_organs() {
    // 177Lu, male, mGy/(MBq s): OLINDA/EXM 2 as shipped by PyTheranostics, and OpenDose's spongiosa by
    // site weighted with the active marrow of ICRP Publication 70. The two differ by 1.5 to 1.7; ours
    // lies between them.
    let source = bundled::source("Lu-177").expect("a bundled nuclide");
    for (organ, olinda, opendose) in
        [("kidneys", 3.35e-8, 5.67e-8), ("liver", 3.09e-8, 4.99e-8), ("spleen", 3.67e-8, 5.36e-8)]
    {
        let region = Region::named(organ).expect("a known organ");
        let factor = marrow_from_organ(&source, &region, Sex::Male).expect("a factor");
        println!("{organ}: {:.3e}, OLINDA {olinda:.2e}, OpenDose {opendose:.2e}", factor.total());
        assert!(factor.total() > olinda && factor.total() < opendose);
    }
}

#[test]
fn val_organ_factors_of_opendose() {
    // OpenDose, ICRP Publication 110 phantoms, self dose of whole organs and of single kidneys.
    // Rows are name, mGy/(MBq s), its Monte Carlo error (below 0.01 %), mass in g.
    let Some(folder) = lutetia_testkit::reference("data/svalues/opendose_icrp110") else { return };
    let source = bundled::source("Lu-177").expect("a bundled nuclide");
    for (i, phantom) in ["AM", "AF"].into_iter().enumerate() {
        for (file, target, region) in [
            ("left_kidney", "Left kidney C+M+P", "left kidney"),
            ("right_kidney", "Right kidney C+M+P", "right kidney"),
            ("liver", "Liver", "liver"),
            ("spleen", "Spleen", "spleen"),
        ] {
            let path = folder.join(format!("{phantom}_lu177_{file}.json"));
            let text = std::fs::read_to_string(path).expect("a file of the reference data");
            let rows: Vec<[String; 4]> = serde_json::from_str(&text).expect("rows of four texts");
            let row = rows.iter().find(|row| row[0] == target).expect("the source is a target");
            let value: f64 = row[1].parse().expect("a number");
            let mass: f64 = row[3].parse().expect("a number");
            let region = Region::named(region).expect("a known organ");
            let factor =
                self_dose_factor(&source, &region, mass, reference(i)).expect("a solid organ");
            let deviation = factor.total() / value - 1.0;
            println!("{phantom} {target}: {:+.2} %", 100.0 * deviation);
            assert!(deviation.abs() < 0.02, "{phantom} {target}: {deviation:+.4}");
        }
    }
}

#[test]
fn val_spheres_of_lu177() {
    // 177Lu in soft tissue, PyTheranostics (Apache-2.0), Gy/(Bq s), printed to three digits, 15 radii
    // from 1 to 60 mm. They are made with ICRP 107, whose photons carry 5 % more energy than those of
    // ENSDF: 1 % of the factor of the largest. Nothing of ours is fitted to them.
    let Some(path) = lutetia_testkit::reference("data/svalues/lu177_spheres.csv") else { return };
    let source = bundled::source("Lu-177").expect("a bundled nuclide");
    let mut reader = csv::Reader::from_path(path).expect("a file of the reference data");
    let mut tried = 0;
    for record in reader.records() {
        let record = record.expect("a row");
        if &record[0] != "100/0" {
            continue;
        }
        let mass: f64 = record[1].parse().expect("a number");
        let value = record[2].parse::<f64>().expect("a number") * 1e9;
        let factor = sphere_dose_factor(&source, "sphere", mass, 1.03, Surroundings::Vacuum)
            .expect("a sphere of a millimetre or more");
        let deviation = factor.total() / value - 1.0;
        println!("{mass} g: {:+.2} %", 100.0 * deviation);
        assert!(deviation.abs() < 0.015, "{mass} g: {deviation:+.4}");
        tried += 1;
    }
    assert_eq!(tried, 15);
}

/// Soft tissue of the sphere of a radius in mm.
fn sphere(nuclide: &str, mm: f64) -> SelfDoseFactor {
    let source = bundled::source(nuclide).expect("a bundled nuclide");
    let mass = 4.0 / 3.0 * std::f64::consts::PI * (mm / 10.0).powi(3) * 1.03;
    sphere_dose_factor(&source, "sphere", mass, 1.03, Surroundings::Vacuum).expect("a sphere")
}

#[test]
fn val_spheres_of_310_g() {
    // OLINDA/EXM 2 sphere of 310 g, mGy per MBq h, alphas five times (RayzeBio, MIT). The energies of
    // ENSDF and ICRP 107 differ by up to 2 % (212Pb), and the photons in 310 g depend on what lies
    // around the sphere, which is not said: 3 %.
    for (nuclide, expected) in [
        ("Lu-177", 0.281),
        ("Y-90", 1.67),
        ("I-131", 0.429),
        ("Tb-161", 0.391),
        ("Cu-67", 0.301),
        ("Cu-64", 0.265),
        ("Zr-89", 0.392),
        ("Pb-212", 0.356),
        ("Ac-225", 54.9),
        ("At-211", 23.3),
        ("Ra-223", 53.8),
        ("Tb-149", 6.73),
        ("Bi-213", 2.00),
    ] {
        let source = bundled::source(nuclide).expect("a bundled nuclide");
        let factor = sphere_dose_factor(&source, "sphere", 310.0, 1.0, Surroundings::Vacuum)
            .expect("a sphere");
        let value = 3600.0 * (5.0 * factor.alpha + factor.electron + factor.photon);
        let deviation = value / expected - 1.0;
        println!("{nuclide:8} {value:8.3} {expected:8.3} {:+.2} %", 100.0 * deviation);
        assert!(deviation.abs() < 0.03, "{nuclide}: {deviation:+.4}");
    }
}

#[test]
fn val_spheres_of_the_actinium_chain() {
    // Full absorption is 576.7 mGy g/(MBq h) per MeV. Power laws in volume of Olguin 2020 (as used by
    // PyCNO), Gy/(Bq s) with x in mL: 221Fr 9.94e-10 x^-0.999 alpha, 213Po 1.32e-9 x^-0.998 alpha, 209Pb
    // 2.80e-11 x^-0.978 electrons. One power law from 0.01 to 1000 mL is good to some percent at 1 mL.
    // Its 217At (1.11e-10) is ten times too low and left out; its 213Bi electrons (5.28e-11) bend too
    // much over the volumes to be met at one of them.
    let r = 10.0 * (3.0 / (4.0 * std::f64::consts::PI)).cbrt();
    let at_1_ml = |nuclide: &str| sphere(nuclide, r);
    for (what, ours, published) in [
        ("Fr-221 alpha", at_1_ml("Fr-221").alpha, 9.94e-10),
        ("Po-213 alpha", at_1_ml("Po-213").alpha, 1.32e-9),
        ("Pb-209 electron", at_1_ml("Pb-209").electron, 2.80e-11),
    ] {
        let deviation = ours * 1e-9 / published - 1.0;
        println!("{what}: {:+.2} %", 100.0 * deviation);
        assert!(deviation.abs() < 0.05, "{what}: {deviation}");
    }
    // 217At by energy: 7.07 MeV and its recoil stay in 1.03 g.
    let at = at_1_ml("At-217").alpha;
    let bound = 7.1988 * 0.160_217_663_4 / 1.03;
    assert!(at < bound && at > 0.99 * bound, "{at} {bound}");
}

#[test]
fn prop_spheres_of_every_nuclide() {
    // From 0.1 to 60 mm the absorbed fractions of alphas and electrons rise with the radius to 1; alphas
    // leave a sphere of 1 mm with less than 4 % and one of 60 mm with less than 0.1 %.
    for nuclide in lutetia_data::nuclides().iter().filter(|n| !n.is_stable()) {
        let (mut alpha, mut electron) = (0.0, 0.0);
        for mm in [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0] {
            let factor = sphere(&nuclide.name, mm * 1.0001);
            let e = nuclide.energy;
            let part = |given: f64, mev: f64| given * factor.mass_g / (0.160_217_663_4 * mev);
            if e.alpha_mev > 0.0 {
                let now = part(factor.alpha, e.alpha_mev + e.alpha_recoil_mev);
                assert!(now >= alpha && now <= 1.0 + 1e-9, "{} {mm} mm: {now}", nuclide.name);
                assert!(mm < 1.0 || now > 0.95, "{} {mm} mm: {now}", nuclide.name);
                alpha = now;
            }
            if e.electron_mev > 0.0 {
                let now = part(factor.electron, e.electron_mev);
                // Rounded shells of a kernel sum to 1.0005 at most.
                assert!(now >= electron && now < 1.001, "{} {mm} mm: {now}", nuclide.name);
                electron = now;
            }
        }
    }
}

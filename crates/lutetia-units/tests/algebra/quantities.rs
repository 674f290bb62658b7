//! Quantities from text and back.

use lutetia_units::{
    Dimension, MeanEnergy, MolarMass, Nuclide, Quantity, Unit, UnitError, UnitSystem,
};

fn q(text: &str) -> Quantity {
    Quantity::parse(text).expect(text)
}

fn u(text: &str) -> Unit {
    Unit::parse(text).expect(text)
}

#[test]
fn exact_what_people_write_for_a_unit_gets_the_unit_that_is_read() {
    for (written, unit) in [
        ("w", "week"),
        ("wk", "week"),
        ("Wks", "week"),
        ("hours", "h"),
        ("month", "mo"),
        ("years", "y"),
        ("cc", "mL"),
        ("minutes", "min"),
    ] {
        let error = Quantity::parse(&format!("6 {written}")).expect_err(written).to_string();
        assert_eq!(error, format!("unknown unit `{written}`; did you mean `{unit}`?"));
        assert!(Unit::parse(unit).is_ok());
    }
    // One letter is not nearly another.
    for nothing in ["x", "Q1", "w1"] {
        let error = Unit::parse(nothing).expect_err(nothing).to_string();
        assert!(!error.contains("did you mean"), "{error}");
    }
}

#[test]
fn exact_units_of_the_field() {
    for (text, unit, expected) in [
        ("2.4 L/h", "mL/min", 40.0),
        ("7.4 GBq", "MBq", 7400.0),
        ("1 mGy/(MBq s)", "Gy/(MBq h)", 3.6),
        ("1 nM", "nmol/L", 1.0),
        ("30 %", "1", 0.3),
        ("2.76 L/nmol/h", "L/(nmol h)", 2.76),
        ("1 MBq·h", "MBq s", 3600.0),
        ("1 mCi", "MBq", 37.0),
        ("1 m²", "cm^2", 1e4),
        ("5 µg/L", "ug/L", 5.0),
        ("-3.5e-2 1/min", "h^-1", -2.1),
    ] {
        let found = q(text).to(&u(unit)).expect(text);
        // Conversions are a product of a few exact powers of ten: a few ulps.
        assert!((found - expected).abs() <= 1e-13 * expected.abs(), "{text} in {unit}: {found}");
    }
}

#[test]
fn exact_activity_never_becomes_mass_or_amount_by_itself() {
    for (text, unit) in
        [("7400 MBq", "mg"), ("7400 MBq", "nmol"), ("1 mg", "nmol"), ("1 Bq", "1/s")]
    {
        let error = q(text).to(&u(unit)).expect_err(text);
        assert!(matches!(error, UnitError::Mismatch { .. }), "{error}");
    }
    assert!(q("2 Gy").to(&u("Gy(RBE)")).is_err());
    assert!(q("2 Gy(BED)").to(&u("Gy(RBE)")).is_err());
}

#[test]
fn exact_faults_have_places() {
    let UnitError::Unknown { symbol, suggestion, start, end } =
        Quantity::parse("3 L/hh").expect_err("no such unit")
    else {
        panic!("another error")
    };
    assert_eq!((symbol.as_str(), start, end), ("hh", 4, 6));
    assert_eq!(suggestion.as_deref(), Some("h"));
    assert!(matches!(Quantity::parse("1e999 h"), Err(UnitError::NonFinite { .. })));
    assert!(matches!(Quantity::parse("MBq"), Err(UnitError::Syntax { .. })));
    assert!(matches!(Quantity::parse("1 L^99"), Err(UnitError::Syntax { .. })));
}

#[test]
fn exact_units_that_are_refused() {
    for (text, found, expected) in [
        ("mL/min/1.73m^2", ".", "no number other than `1`"),
        ("10 h", "0", "no number other than `1`"),
        ("MBq h⁻", "⁻", "a whole power"),
        ("m¹³", "¹³", "a whole power"),
        ("(MBq h", "end of the text", "`)`"),
        ("MBq//h", "/", "a unit such as"),
        ("(s^12)^12", "(s^12)^12", "size can be represented"),
        ("((((((((((h))))))))))", "(", "at most 8 nested brackets"),
    ] {
        match Unit::parse(text) {
            Err(UnitError::Syntax { found: f, expected: e, start, end }) => {
                assert_eq!(f, found, "{text}");
                assert!(e.contains(expected), "{text}: {e}");
                assert!(start <= end && end <= text.len());
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    assert_eq!(u("m⁻²").dimension(), Dimension::LENGTH.powi(-2));
}

#[test]
fn exact_mismatches_say_what_would_help() {
    for (from, to, hint) in [
        ("MBq/L", "nmol/L", "only through a nuclide"),
        ("MBq/h", "mg/h", "a nuclide and a molar mass"),
        ("mg", "nmol", "only through a molar mass"),
        ("MBq", "1/s", "not a rate"),
        ("Gy/h", "Gy(RBE)/h", "told apart"),
    ] {
        let error = u(from).conversion_to(&u(to)).expect_err(from).to_string();
        assert!(error.contains(hint), "{error}");
    }
}

#[test]
fn exact_molar_mass_and_nuclide_are_the_ways_over() {
    // 10 nmol of a ligand of 1435.6 g/mol.
    let ligand = MolarMass::new(1435.6).expect("positive");
    assert!((ligand.mass_g(1e-8) - 1.4356e-5).abs() < 1e-18);
    assert!((ligand.amount_mol(ligand.mass_g(1e-8)) - 1e-8).abs() < 1e-22);
    assert!(MolarMass::new(0.0).is_none() && MolarMass::new(f64::NAN).is_none());
    let lutetium = Nuclide {
        name: "Lu-177".to_owned(),
        half_life_s: 6.6443 * 86_400.0,
        half_life_sd_s: None,
        branches: Vec::new(),
        energy: MeanEnergy::default(),
        source: "ENSDF".to_owned(),
    };
    // 7.4 GBq are A·T½/(ln 2·N_A) = 10.18 nmol.
    let amount = lutetium.amount_mol(7.4e9);
    assert!((amount * 1e9 - 10.177).abs() < 1e-3, "{amount}");
    assert!((lutetium.activity_bq(amount) / 7.4e9 - 1.0).abs() < 1e-14);
}

#[test]
fn exact_internal_units_are_coherent() {
    let system = UnitSystem::new(&u("min"), &u("nmol"), &u("mL")).expect("dimensions fit");
    assert!((system.to_internal(&q("1 nmol/L")) - 1e-3).abs() < 1e-15);
    assert!((system.to_internal(&q("6 Gy/h")) - 0.1).abs() < 1e-12);
    assert!((system.to_internal(&q("1 GBq")) - 1000.0).abs() < 1e-9);
    assert_eq!(system.unit_of(q("1 L/h").dimension()).symbol(), "mL/min");
    assert_eq!(system.unit_of(Dimension::DOSE_RATE).symbol(), "Gy/min");
    assert_eq!(system.unit_of(q("1 L/nmol/h").dimension()).symbol(), "mL/nmol/min");
    assert_eq!(system.unit_of(q("1 Gy/(MBq h)").dimension()).symbol(), "Gy/MBq/min");
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn prop_no_text_panics(text in ".{0,60}") {
            let _ = Quantity::parse(&text);
            let _ = Unit::parse(&text);
        }

        #[test]
        fn prop_no_text_of_units_panics(text in "[0-9a-zA-Zµ%./*^() ·²³⁻¹+-]{0,40}") {
            if let Err(error) = Quantity::parse(&text)
                && let Some((start, end)) = error.range()
            {
                // A caret can be placed: on characters of the text.
                prop_assert!(start <= end && end <= text.len());
                prop_assert!(text.is_char_boundary(start) && text.is_char_boundary(end));
            }
        }

        #[test]
        fn prop_any_unit_that_is_read_prints_and_reads_back(
            text in "(MBq|nmol|L|h|Gy\\(RBE\\)|keV|cells|%|1)([ */·](mg|min|m²|d\\^-2|\\(s h\\)|µL)){0,3}",
            value in prop::num::f64::NORMAL,
        ) {
            let unit = u(&text);
            prop_assert_eq!(&Unit::parse(unit.symbol()).expect("printed"), &unit);
            let quantity = Quantity::new(value, unit);
            if quantity.si().is_finite() {
                prop_assert_eq!(&Quantity::parse(&quantity.to_string()).expect("printed"), &quantity);
            }
        }

        #[test]
        fn prop_conversion_there_and_back(value in -1e9f64..1e9) {
            for (a, b) in [("MBq h", "GBq s"), ("nmol/L", "pM"), ("mGy/(MBq s)", "Gy/(GBq h)")] {
                let there = q(&format!("{value} {a}")).to(&u(b)).expect("same dimension");
                let back = q(&format!("{there} {b}")).to(&u(a)).expect("same dimension");
                // Two roundings each way.
                prop_assert!((back - value).abs() <= 1e-14 * value.abs());
            }
        }

        #[test]
        fn prop_internal_units_print_as_what_they_are(
            exponents in prop::array::uniform6(-3i32..=3),
        ) {
            let system = UnitSystem::new(&u("h"), &u("nmol"), &u("mL")).expect("dimensions fit");
            let bases = ["h", "mL", "g", "nmol", "MBq", "mJ"];
            let dimension = bases.iter().zip(exponents).fold(Dimension::NONE, |d, (symbol, e)| {
                d * u(symbol).dimension().powi(e)
            });
            let unit = system.unit_of(dimension);
            let read = u(unit.symbol());
            prop_assert_eq!(read.dimension(), dimension, "{}", unit.symbol());
            prop_assert!((read.scale() / system.factor(dimension) - 1.0).abs() < 1e-12);
        }

        #[test]
        fn prop_printing_and_reading_give_the_same(
            value in -1e12f64..1e12,
            unit in prop::sample::select(vec![
                "h", "nmol/L", "L/nmol/h", "mGy/(MBq s)", "Gy(RBE)", "%", "1", "MBq·h", "m²", "1/min",
            ]),
        ) {
            let quantity = Quantity::new(value, u(unit));
            prop_assert_eq!(&Quantity::parse(&quantity.to_string()).expect("printed"), &quantity);
        }
    }
}

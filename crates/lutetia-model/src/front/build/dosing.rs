//! What becomes of doses into a pool: lag, bioavailability, and how fast they flow in.

use lutetia_diagnostic::Diagnostic;

use super::super::{code, names::Place, text::Text};
use super::{Builder, values::by_place};
use crate::{
    expr::Expr,
    model::{DoseNumber, Formula},
};

impl Builder<'_> {
    /// Of each species for all its places, or for one.
    pub(super) fn dosing(&mut self, faults: &mut Vec<Diagnostic>) {
        for (species, e) in self.found.species.iter().enumerate() {
            for number in DoseNumber::ALL {
                let said = by_place(e, number.key(), faults);
                for (place, t) in &said {
                    if place.as_ref().is_none_or(|p| self.is_a_place_of(e, p, faults)) {
                        self.dose_number(species, place.as_ref(), (number, t), faults);
                    }
                }
            }
            let both = self.pools.iter().find(|pool| {
                pool.species == species
                    && pool.dosing.duration.is_some()
                    && pool.dosing.rate.is_some()
            });
            if let Some(pool) = both {
                let here = self.found.compartments[pool.place].name.as_str();
                faults.push(
                    Diagnostic::error(
                        code::TWICE,
                        format!(
                            "doses into `{}.{here}` have both `duration` and `rate`",
                            e.name.as_str()
                        ),
                    )
                    .at(super::super::fields::place(&e.fields, "rate"), "")
                    .hint("one follows from the other: leave one of them out"),
                );
            }
        }
    }

    fn dose_number(
        &mut self,
        species: usize,
        place: Option<&Text>,
        (number, t): (DoseNumber, &Text),
        faults: &mut Vec<Diagnostic>,
    ) {
        let name = self.found.species[species].name.as_str();
        let key = number.key();
        for (pool, own) in self.of_pools(species, place, t, key, faults) {
            let what = format!("`{key}` of `{name}`");
            let before = faults.len();
            let value = self.value(&own, number.dimension(), &what, Place::Formula, faults);
            // The same text is wrong in the same way in every place.
            let seen = faults[..before].iter().any(|f| Some(f) == faults.get(before));
            if seen {
                faults.truncate(before);
            }
            let Some(value) = value else { continue };
            if let Expr::Number(x) = value
                && !number.allows(x)
            {
                let fault = Diagnostic::error(code::NUMBER, format!("{what} is `{}`", t.as_str()))
                    .at(t.span(), "")
                    .hint(format!("expected {}, such as `{}`", number.range(), number.example()));
                if !faults.contains(&fault) {
                    faults.push(fault);
                }
                continue;
            }
            let formula = Formula { value, text: own.as_str().to_owned() };
            *self.pools[pool].dosing.of_mut(number) = Some(formula);
        }
    }
}

#[cfg(test)]
mod tests {
    use lutetia_units::Dimension;

    use super::*;

    #[test]
    fn exact_every_example_is_in_range() {
        for number in DoseNumber::ALL {
            let example = lutetia_units::Quantity::parse(number.example()).expect("a quantity");
            assert!(number.allows(example.value()), "{}", number.key());
            assert_eq!(example.dimension(), number.dimension());
        }
        assert_eq!(DoseNumber::Rate.dimension(), Dimension::AMOUNT / Dimension::TIME);
    }
}

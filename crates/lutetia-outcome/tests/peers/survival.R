# Makes patients.csv and survival.csv with R's package survival: `Rscript survival.R` in this folder.
# Times are whole numbers, so that there are many ties; the options are R's defaults.
library(survival)
set.seed(20261129)
n <- 90
arm <- rbinom(n, 1, 0.5)
age <- round(runif(n, 40, 80), 1)
stratum <- sample(c("x", "y"), n, replace = TRUE)
life <- rweibull(n, 1.3, 24 * exp(-0.4 * arm - 0.02 * (age - 60)))
follow <- runif(n, 4, 40)
time <- pmax(1, ceiling(pmin(life, follow)))
cause <- ifelse(life > follow, 0, 1 + rbinom(n, 1, 0.35))
entry <- floor(time * runif(n, 0, 0.7))
weight <- round(runif(n, 0.4, 2.5), 2)
cluster <- sample(1:30, n, replace = TRUE)
# Visits every fourth month: the event of cause 1 lies between two, or after the last.
left <- 4 * floor((time - 1) / 4)
right <- ifelse(cause == 1, left + 4, Inf)
d <- data.frame(entry, time, cause, weight, stratum, cluster, arm, age, left, right)
write.csv(d, "patients.csv", row.names = FALSE, quote = FALSE)

rows <- list()
put <- function(case, term, at, value) {
  rows[[length(rows) + 1]] <<- data.frame(case = case, term = term, at = at,
    value = sprintf("%.15g", as.numeric(value)))
}
d$event <- d$cause > 0

for (type in c("plain", "log", "log-log")) {
  s <- summary(survfit(Surv(time, event) ~ 1, d, conf.type = type, conf.int = 0.9), censored = TRUE)
  put(type, "survival", s$time, s$surv)
  put(type, "error", s$time, s$std.err)
  put(type, "lower", s$time, s$lower)
  put(type, "upper", s$time, s$upper)
}
s <- survfit(Surv(time, factor(cause, 0:2, c("none", "a", "b"))) ~ 1, d)
for (k in 1:2) {
  put("incidence", c("a", "b")[k], s$time, s$pstate[, k + 1])
  put("incidence", c("error of a", "error of b")[k], s$time, s$std.err[, k + 1])
}

cox <- function(case, fit, baseline = TRUE) {
  put(case, "value", names(coef(fit)), coef(fit))
  put(case, "model error", names(coef(fit)), sqrt(diag(if (is.null(fit$naive.var)) fit$var else fit$naive.var)))
  if (!is.null(fit$naive.var)) put(case, "robust error", names(coef(fit)), sqrt(diag(fit$var)))
  put(case, "likelihood", c("null", "greatest"), fit$loglik)
  put(case, "test", c("score", "wald"), c(fit$score, fit$wald.test))
  put(case, "concordance", c("c", "error"), fit$concordance[c("concordance", "std")])
  if (!grepl("exact", case)) {
    for (g in c("km", "rank", "identity", "log")) {
      z <- cox.zph(fit, transform = g)$table
      put(case, paste("trend", g), rownames(z), z[, "chisq"])
    }
    if (baseline) {
      h <- basehaz(fit, centered = FALSE)
      put(case, "baseline", h$time, h$hazard)
    }
  }
}
cox("efron", coxph(Surv(time, event) ~ arm + age, d))
cox("breslow", coxph(Surv(time, event) ~ arm + age, d, ties = "breslow"))
cox("exact", coxph(Surv(time, event) ~ arm + age, d, ties = "exact"))
cox("entry", coxph(Surv(entry, time, event) ~ arm + age, d))
cox("entry breslow", coxph(Surv(entry, time, event) ~ arm + age, d, ties = "breslow"))
cox("entry exact", coxph(Surv(entry, time, event) ~ arm + age, d, ties = "exact"))
cox("weights", coxph(Surv(time, event) ~ arm + age, d, weights = weight, robust = TRUE))
cox("weights breslow", coxph(Surv(time, event) ~ arm + age, d, weights = weight, robust = TRUE, ties = "breslow"))
cox("strata", coxph(Surv(time, event) ~ arm + age + strata(stratum), d), baseline = FALSE)
cox("strata exact", coxph(Surv(time, event) ~ arm + age + strata(stratum), d, ties = "exact"))
cox("cluster", coxph(Surv(time, event) ~ arm + age, d, cluster = cluster))
cox("everything", coxph(Surv(entry, time, event) ~ arm + age + strata(stratum), d,
  weights = weight, cluster = cluster), baseline = FALSE)

d$state <- factor(d$cause, 0:2, c("none", "a", "b"))
d$patient <- 1:n
for (k in c("a", "b")) {
  f <- finegray(Surv(time, state) ~ ., d, etype = k)
  cox(paste("subdistribution", k),
    coxph(Surv(fgstart, fgstop, fgstatus) ~ arm + age, f, weights = fgwt, cluster = patient), baseline = FALSE)
}

for (family in c("exponential", "weibull", "lognormal", "loglogistic")) {
  fit <- survreg(Surv(time, event) ~ arm + age, d, dist = family, control = survreg.control(rel.tolerance = 1e-14))
  put(family, "value", names(coef(fit)), coef(fit))
  put(family, "model error", names(coef(fit)), sqrt(diag(vcov(fit)))[1:3])
  put(family, "scale", "", fit$scale)
  put(family, "likelihood", c("null", "greatest"), fit$loglik)
}

s <- survfit(Surv(left, ifelse(is.finite(right), right, NA), type = "interval2") ~ 1,
  transform(d, left = ifelse(left == 0, NA, left)))
put("intervals", "survival", s$time, s$surv)
write.csv(do.call(rbind, rows), "survival.csv", row.names = FALSE, quote = FALSE)

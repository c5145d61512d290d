/* The group cascade in C: the same rounds over the same arrays as exposure/kernels/cascade.py, as a yardstick of speed.
   Left out: counter-guarantees, failing guarantors that pay, noting of edges. Built by bench/contagion.py with cc -O3. */
#include <math.h>
#include <stdint.h>

enum { LINE, LOSS, RUN, FAILED, HIT, HITS_END, DEBT, DEBTS_END };
enum { REST, SHARED, PAIR, PAIRS_END, LENT, LENT_END, OBLIGOR };
#define TINY 1e-6

typedef struct {
    double *party;            /* by party, 8 columns */
    const int32_t *hit; const double *hit_amount;
    const double *debt;       /* by debt, 8 columns */
    const int32_t *guarantor; const double *promised; const int32_t *shared; const double *cap;
    const int32_t *lender; const double *lost_part;
    int32_t *failed, *open; double *rest; int64_t *first; int32_t *call; double *call_amount;
    double *paid; int64_t *paid_run;
    double *used, *wanted; int64_t *cap_run, *cap_round;
    double *lost; int64_t *lost_run;
} Net;

static inline int64_t lose(Net *w, int64_t run, int64_t many, int64_t who, double amount) {
    double *p = w->party + 8 * who;
    double loss = p[RUN] == run ? p[LOSS] + amount : amount;
    p[RUN] = run;
    p[LOSS] = loss;
    if (loss >= p[LINE] && fabs(p[FAILED]) != run) {
        p[FAILED] = -run;
        w->failed[many++] = who;
    }
    return many;
}

static inline double left(Net *w, int64_t run, int64_t i, int again) {
    return again && w->paid_run[i] == run ? w->promised[i] - w->paid[i] : w->promised[i];
}

static inline double offer(Net *w, int64_t run, int64_t i, int again) {
    double l = left(w, run, i, again);
    int64_t g = w->shared[i];
    if (g >= 0) {
        double unused = fmax(w->cap[g] - w->used[g], 0);
        if (w->wanted[g] > unused) l *= unused / w->wanted[g];
    }
    return l;
}

static int64_t spread(Net *w, int64_t run, int64_t many, double *totals, int64_t *rounds, int64_t *lenders) {
    double *party = w->party;
    int64_t first = 0, when = 0, again = 0;
    *lenders = 0;
    for (int k = 0; k < 5; k++) totals[k] = 0;
    while (first < many || again > 0) {
        when++;
        int64_t last = many, opened = again, calls = 0;
        for (int64_t at = first; at < last; at++) party[8 * w->failed[at] + FAILED] = run;
        for (int64_t at = first; at < last; at++) {
            double *p = party + 8 * (int64_t)w->failed[at];
            for (int64_t h = p[HIT]; h < (int64_t)p[HITS_END]; h++) {
                totals[w->hit[h] & 3] += w->hit_amount[h];
                many = lose(w, run, many, w->hit[h] >> 2, w->hit_amount[h]);
            }
            for (int64_t d = p[DEBT]; d < (int64_t)p[DEBTS_END]; d++) {
                w->open[opened] = d;
                w->rest[opened++] = w->debt[8 * d + REST];
            }
        }
        first = last;
        for (int64_t k = 0; k < opened; k++) {
            const double *d = w->debt + 8 * (int64_t)w->open[k];
            if (d[SHARED] == 0) continue;
            for (int64_t i = d[PAIR]; i < (int64_t)d[PAIRS_END]; i++) {
                int64_t g = w->shared[i];
                if (g < 0 || party[8 * (int64_t)w->guarantor[i] + FAILED] == run) continue;
                if (w->cap_run[g] != run) { w->cap_run[g] = run; w->used[g] = 0; w->cap_round[g] = 0; }
                if (w->cap_round[g] != when) { w->cap_round[g] = when; w->wanted[g] = 0; }
                w->wanted[g] += left(w, run, i, k < again);
            }
        }
        for (int64_t k = 0; k < opened; k++) {
            const double *d = w->debt + 8 * (int64_t)w->open[k];
            double offered = 0;
            w->first[k] = calls;
            for (int64_t i = d[PAIR]; i < (int64_t)d[PAIRS_END]; i++)
                if (party[8 * (int64_t)w->guarantor[i] + FAILED] != run) offered += offer(w, run, i, k < again);
            double scale = offered <= w->rest[k] ? 1 : w->rest[k] / offered;
            for (int64_t i = d[PAIR]; i < (int64_t)d[PAIRS_END]; i++) {
                int64_t who = w->guarantor[i];
                if (party[8 * who + FAILED] == run) continue;
                double amount = scale * offer(w, run, i, k < again);
                if (amount <= 0) continue;
                w->call[calls] = i;
                w->call_amount[calls++] = amount;
                many = lose(w, run, many, who, amount);
            }
        }
        w->first[opened] = calls;
        for (int64_t c = 0; c < calls; c++)
            if (w->shared[w->call[c]] >= 0) w->used[w->shared[w->call[c]]] += w->call_amount[c];
        again = 0;
        for (int64_t k = 0; k < opened; k++) {
            int32_t number = w->open[k];
            const double *d = w->debt + 8 * (int64_t)number;
            int64_t low = d[PAIR], high = d[PAIRS_END];
            int recalled = high - low > 1 || d[SHARED] != 0;
            double sum = 0;
            for (int64_t c = w->first[k]; c < w->first[k + 1]; c++) {
                int64_t i = w->call[c];
                if (party[8 * (int64_t)w->guarantor[i] + FAILED] == -run) continue;
                sum += w->call_amount[c];
                if (recalled) {
                    if (w->paid_run[i] != run) { w->paid_run[i] = run; w->paid[i] = 0; }
                    w->paid[i] += w->call_amount[c];
                }
            }
            totals[4] += sum;
            double rest = w->rest[k] - sum;
            int more = 0;
            if (rest > TINY && recalled)
                for (int64_t i = low; i < high && !more; i++)
                    if (fabs(party[8 * (int64_t)w->guarantor[i] + FAILED]) != run) {
                        double l = left(w, run, i, 1);
                        int64_t g = w->shared[i];
                        if (g >= 0) l = fmin(l, w->cap[g] - w->used[g]);
                        more = l > TINY;
                    }
            if (more) {
                w->open[again] = number;
                w->rest[again++] = rest;
            } else if (rest > TINY) {
                for (int64_t e = d[LENT]; e < (int64_t)d[LENT_END]; e++) {
                    int64_t b = w->lender[e];
                    double amount = rest * w->lost_part[e];
                    if (amount <= 0) continue;
                    if (w->lost_run[b] != run) { w->lost_run[b] = run; w->lost[b] = 0; (*lenders)++; }
                    w->lost[b] += amount;
                    totals[3] += amount;
                }
            }
        }
    }
    *rounds = when;
    return many;
}

/* A run for each party in turn: the figures of exposure.kernels.cascade.sets, nine a party. */
int64_t every(Net *w, int64_t n, int64_t run, double *out) {
    for (int64_t p = 0; p < n; p++) {
        int64_t rounds, lenders;
        run++;
        w->party[8 * p + RUN] = run;
        w->party[8 * p + LOSS] = 0;
        w->party[8 * p + FAILED] = -run;
        w->failed[0] = p;
        double *o = out + 9 * p;
        o[5] = spread(w, run, 1, o, &rounds, &lenders);
        o[6] = rounds;
        o[7] = lenders;
        o[8] = o[3];
    }
    return run;
}

"""What each recorded number means: the columns of ``evaluations`` and the input of ``judge``."""

COLUMN_MEANINGS = {
    "run": "the trial, or whatever the curve belongs to",
    "step": "updates of G so far",
    "fid": "Fréchet distance between features of fakes and reals; 0 is perfect",
    "nimg": "real images that D has seen; budgets count these",
    "seconds": "seconds of training so far, evaluations left out",
    "fid_a": "FID of the first half of the fakes; how far it is from fid_b is the noise",
    "fid_b": "FID of the second half",
    "fid_debiased": "FID without what finite samples add; 0 is perfect, noise may make it negative",
    "fid_standard_error": "how far fid_debiased is off, typically, by the draw of both sets",
    "kid": "kernel distance between features; 0 is perfect, noise may make it negative",
    "kid_standard_error": "how far kid is off, typically, by the draw of both sets",
    "precision": "share of fakes that lie among the reals: quality",
    "recall": "share of reals that lie among the fakes: variety",
    "density": "how many real neighbourhoods a fake lies in, over what a real one would: about 1",
    "coverage": "share of reals with a fake in their neighbourhood: diversity",
    "vendi": "how many samples of wholly unlike features would be as varied as the fakes",
    "bins_differing_frac": "share of regions of feature space with another share of fakes than of "
    "reals; about 0.05 is perfect",
    "modes": "classes, or known centres, that hold at least a tenth of their fair share",
    "mode_entropy": "how evenly fakes fall on the modes; 1 is perfectly even",
    "reverse_kl": "divergence of the modes' shares from even ones, in nats; 0 is perfectly even",
    "high_quality_frac": "share of fakes within three standard deviations of a known centre",
    "intra_fid": "mean over classes of the FID of one class's fakes; only with conditioning, and "
    "where each class has as many reals and fakes as there are features",
    "class_coverage": "mean over classes of the share of reals with a fake of their class nearby; "
    "only with conditioning",
    "label_consistency": "share of fakes that a classifier that learnt on the select split gives "
    "the class that was asked for; only with conditioning",
    "duality_gap": "what G and D gain by training on alone; 0 is an equilibrium",
    "worst_d_value": "how well a D that trains on tells fakes from held-out reals, in nats: at "
    "most their Jensen-Shannon divergence, and so up to 0.693",
    "d_real_acc": "share of training reals that D calls real",
    "d_heldout_acc": "share of held-out reals that D calls real; below d_real_acc it overfits",
    "d_fake_acc": "share of fakes that D calls fake; about 0.5 where it cannot tell",
    "d_real_logit": "mean output of D on reals",
    "d_fake_logit": "mean output of D on fakes",
    "d_loss": "mean loss of D since the last evaluation",
    "g_loss": "mean loss of G since the last evaluation",
    "d_grad_norm": "norm of D's last gradient",
    "g_grad_norm": "norm of G's last gradient",
    "ada_p": "probability of each augmentation, where ADA adapts it; high where D overfits",
    "eval_seconds": "seconds that this evaluation took",
    "finite": "whether weights and fakes were free of NaN and infinity",
    "protocol": "hash of what the scores depend on; only scores of one protocol are compared",
}

"""Settings of network, training and explanation: default, help and sweep range in one place."""

from __future__ import annotations

from typing import Literal

from pathgnn.cohort.sources import HealthySource
from pathgnn.errors import ConfigError
from pathgnn.model.scales import Scaling
from pathgnn.settings import Settings, setting

# Outcome of a cohort in which another event can come before the one that counts.
COMPETING = "competing risks"


class NetConfig(Settings):
    """The shape of the network."""

    channels: int = setting(4, "hidden features per gene", sweep=(2, 16), ge=1, le=256)
    depth: int = setting(2, "rounds of message passing", sweep=(0, 4), ge=0, le=10)
    trunk: int = setting(16, "hidden units of the prognostic trunk", sweep=(4, 64), ge=1, le=1024)
    messages: str = setting(
        "signed",
        "signed, attention, or pyg: and a layer of PyTorch Geometric",
        pattern=r"^(signed|attention|pyg:[A-Za-z0-9]+)$",
    )
    relations: Literal["sign", "mechanism", "sign and mechanism"] = setting(
        "sign", "which edges share weights: those of a sign, of a mechanism, or of both"
    )
    against: bool = setting(False, "targets tell sources, too, with weights of their own")
    layer_norm: bool = setting(False, "normalise the channels of what is told")
    crosstalk: int = setting(
        0, "rounds between pathways: hierarchy and shared members", sweep=(0, 2), ge=0, le=4
    )
    linear: Literal["", "pathways", "genes"] = setting(
        "", "a ridge regression on pathway means, or on genes, and nothing else of the network"
    )
    hazards: Literal["discrete", "cox"] = setting(
        "discrete", "survival: hazards per time bin, or Cox for comparison"
    )
    competing: Literal["subdistribution", "cause-specific"] = setting(
        "subdistribution", "competing risks: which hazards are modelled"
    )

    @property
    def by_mechanism(self) -> bool:
        """Do edges of different mechanisms have different weights?"""
        return "mechanism" in self.relations

    def head_of(self, outcome: str) -> str:
        """The outcome head in force, a key of `pathgnn.model.HEADS`."""
        if outcome == COMPETING:
            if self.hazards == "cox":
                raise ConfigError(
                    '`net.hazards = "cox"` cannot tell competing events apart; leave it at '
                    '"discrete" and choose `net.competing`'
                )
            return self.competing
        return "cox" if outcome == "survival" and self.hazards == "cox" else outcome

    def resolved(self) -> NetConfig:
        """The settings in force: `linear` overrules depth, channels and crosstalk."""
        if not self.linear:
            return self
        return self.model_copy(update={"depth": 0, "channels": 1, "crosstalk": 0})


class FitConfig(Settings):
    """How the network is trained and cross-fitted.

    Penalties are those of a log-posterior: their sum over weights is divided by the number of
    training patients.
    """

    folds: int = setting(5, "cross-fitting folds", ge=3, le=20)
    members: int = setting(2, "networks per fold, of different seeds", ge=1, le=50)
    outcome_rounds: int = setting(2, "rounds on the observed outcomes", sweep=(1, 5), ge=1)
    benefit_rounds: int = setting(
        4, "rounds on the benefit scores; at most, with `stack`", sweep=(1, 8), ge=0
    )
    outlook_rounds: int = setting(
        6, "rounds of a model of the outcome alone, at most", sweep=(2, 12), ge=1
    )
    steps: int = setting(8, "L-BFGS steps per round", sweep=(4, 20), ge=1)
    score_weight: float = setting(0.25, "weight of the benefit scores", sweep=(0.05, 1), gt=0)
    group_lasso: float = setting(10.0, "shrinks each pathway as a whole", sweep=(1, 50), ge=0)
    ridge: float = setting(1.0, "shrinks what pathways do to the benefit", sweep=(0.1, 10), ge=0)
    trunk_ridge: float = setting(
        2.0, "shrinks prognosis by pathways, times their number", sweep=(0.05, 5), ge=0
    )
    wide_ridge: float = setting(
        0.5, "shrinks prognosis by single values, times their number", sweep=(0.05, 5), ge=0
    )
    gene_ridge: float = setting(0.5, "shrinks gene-specific weights", sweep=(0.05, 10), ge=0)
    attention_ridge: float = setting(0.1, "pulls attention to equal", sweep=(0.01, 10), ge=0)
    message_ridge: float = setting(500.0, "shrinks message weights", sweep=(5, 5000), ge=0)
    smoothness: float = setting(0.1, "pulls weights of neighbours together", sweep=(0, 5), ge=0)
    stack: bool = setting(True, "stack network, linear models and a forest on inner folds")
    batch: int = setting(0, "patients per mini-batch; 0: L-BFGS on all at once", ge=0)
    learning_rate: float = setting(0.01, "of mini-batches", sweep=(0.001, 0.05), gt=0)
    together: bool = setting(
        False, "processes of one job train each network together, not one each: for large cohorts"
    )
    half_samples: int = setting(
        0, "trainings on half of each fold behind each patient's interval; 0: the line's band", ge=0
    )
    device: Literal["auto", "cpu", "cuda"] = setting("auto", "auto: a GPU where there is one")
    precision: Literal["float32", "bfloat16"] = setting("float32", "bfloat16: on a GPU")
    compile: bool = setting(False, "compile the network with torch.compile")
    memory_gb: float = setting(8.0, "memory that training may take", gt=0)
    modality_dropout: float = setting(0.05, "share of omics hidden", sweep=(0, 0.4), ge=0, lt=1)
    variance_filter: float = setting(
        0.0, "share of each omic's genes left out, the least varying", sweep=(0, 0.9), ge=0, lt=1
    )
    center_sites: bool = setting(
        False, "take out each site's mean; needs `site` in [cohort.beside]"
    )

    @property
    def scaling(self) -> Scaling:
        """What is learned of the inputs, for the network and the baselines alike."""
        return Scaling(self.variance_filter, self.center_sites)


class PretrainConfig(Settings):
    """How an encoder is pretrained on omics alone."""

    epochs: int = setting(60, "passes over the patients, at most", ge=1)
    patience: int = setting(8, "epochs without gain before it ends", ge=1)
    batch: int = setting(64, "patients per mini-batch", ge=2)
    learning_rate: float = setting(0.01, "of mini-batches", gt=0)
    weight_decay: float = setting(0.01, "shrinks all weights", ge=0)
    hidden_values: float = setting(0.2, "share of single values hidden", gt=0, lt=1)
    hidden_omics: float = setting(0.1, "share of a patient's omics hidden", ge=0, lt=1)
    held_out: float = setting(0.1, "share of patients that tell when to end", gt=0, lt=0.5)


class ExplainConfig(Settings):
    """How the benefit is attributed and cascades are drawn."""

    contrast: str = setting("", "arm to explain against the reference; empty: the first")
    method: Literal[
        "integrated gradients", "input x gradient", "expected gradients", "occlusion"
    ] = setting("integrated gradients", "how benefit is attributed to measured values")
    reference: Literal["mean", "control arm", "healthy", "opposite third", "distribution"] = (
        setting("mean", "the patient that everybody is compared with")
    )
    healthy: HealthySource = setting(HealthySource(), "the samples behind the reference `healthy`")
    draws: int = setting(16, "training patients behind the reference `distribution`", ge=2)
    patients_at_once: int = setting(0, "patients explained at once; 0: what a gigabyte holds", ge=0)
    steps: int = setting(8, "Gauss-Legendre nodes of the integral", ge=2, le=64)
    permutations: int = setting(9999, "permutations behind each p", ge=99)
    cascades: int = setting(3, "how many cascades to look for", ge=0, le=20)
    cascades_by: tuple[str, ...] = setting(
        (), "columns of the clinical table: cascades of each of their levels, too"
    )
    receptors: tuple[str, ...] = setting((), "genes a cascade may start at; empty: receptors")
    effectors: tuple[str, ...] = setting(
        (), "genes a cascade may end at; empty: transcription factors and effectors"
    )
    # Cheaper edges draw in paralogues, which share their neighbours' attribution: mean F1 of the
    # planted edges in ten simulated trials .77 at .2, .92 at .25, .84 at .3, .94 at .4 and at .5.
    edge_cost: float = setting(0.4, "score an edge must earn", sweep=(0.05, 0.8), gt=0)
    longest: int = setting(9, "most genes from receptor to effector", ge=2, le=20)
    stable: float = setting(0.5, "share of networks an edge must come back in", ge=0, le=1)

    @property
    def key(self) -> str:
        """All that decides what is said of the whole cohort, but which samples are healthy."""
        return self.model_dump_json(exclude={"cascades_by", "healthy"})

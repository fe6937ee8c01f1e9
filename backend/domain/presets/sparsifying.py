"""Training with a regularizer that makes the network sparse by itself, then removing what it closed."""

from backend.domain.allocations import UniformAllocation
from backend.domain.criteria import BatchNormScaleCriterion, Criterion, LearnedCriterion, MagnitudeCriterion
from backend.domain.granularities import UnstructuredGranularity
from backend.domain.presets.preset import Preset
from backend.domain.pruning import Prune
from backend.domain.recipe import DataSplit, Recipe
from backend.domain.regularizers import (
    BatchNormL1Regularizer,
    BayesianCompressionRegularizer,
    GroupLassoRegularizer,
    L0HardConcreteRegularizer,
    L1MasksRegularizer,
    SparseGroupLassoRegularizer,
    TargetedDropoutRegularizer,
    VariationalDropoutRegularizer,
)
from backend.domain.retraining import AdamOptimizer, Retrain, SgdOptimizer, Sparsify
from backend.domain.schedules import OneShotSchedule
from backend.domain.targets import MacTarget, SparsityTarget, Target

_TARGET = MacTarget(density=0.25)
_RETRAIN = Retrain(epochs=5, optimizer=SgdOptimizer(learning_rate=0.01, weight_decay=5e-4))
_AT_ONCE = OneShotSchedule(training_steps=1)
_EPOCHS = 20
"""Where the paper's number could not be found."""
_LENET_EPOCHS = 200
_SLIMMING = SgdOptimizer(learning_rate=0.1, weight_decay=1e-4)
_SLIMMING_EPOCHS = 160
_DEPTH = SgdOptimizer(learning_rate=0.1, weight_decay=1e-4)
_DEPTH_STRENGTH = 7.3e-5
"""0.007 on plain norms, as the authors' files have it, over the root of the 9,216 weights of a middle layer."""
_DEPTH_EPOCHS, _DEPTH_RETRAIN_EPOCHS = 328, 492
"""64,000 and 96,000 steps of 256 examples out of 50,000."""
_RESNET_14_OF_20 = 0.65
"""Operations of the network that the paper finds, of those of the one that it starts from."""


_BY_NORM = LearnedCriterion(normalization="layer")
"""What the group lasso leaves are norms, which are of unlike size in the unlike layers of a convolutional network."""


def _sparsifying_recipe(
    sparsify: Sparsify,
    criterion: Criterion | None = None,
    *,
    prune: Prune | None = None,
    target: Target = _TARGET,
    retrain: Retrain = _RETRAIN,
    batch_size: int = 128,
) -> Recipe:
    """Everything goes at once: the training before has decided what."""
    prune = prune or Prune(criterion=criterion or LearnedCriterion(), schedule=_AT_ONCE, points=1)
    data = DataSplit(batch_size=batch_size)
    return Recipe(target=target, prune=prune, sparsify=sparsify, retrain=retrain, data=data)


SPARSIFYING_PRESETS: tuple[Preset, ...] = (
    Preset(
        name="louizos2018-l0",
        title="L0 regularization",
        summary="A random gate for every channel is trained along with the weights, and every gate that may be open "
        "costs; what is closed goes.",
        citation="C. Louizos, M. Welling, D. P. Kingma. Learning sparse neural networks through L0 regularization. "
        "ICLR 2018. arXiv:1712.01312.",
        is_baseline=False,
        recipe=_sparsifying_recipe(
            Sparsify(
                epochs=_LENET_EPOCHS,
                optimizer=AdamOptimizer(learning_rate=1e-3),
                learning_rate_decay="none",
                regularizer=L0HardConcreteRegularizer(strength=0.1, weight_decay=5e-4, initial_drop_rate=0.5),
            ),
            batch_size=100,
        ),
    ),
    Preset(
        name="li2019-l0-arm",
        title="L0-ARM",
        summary="L0 regularization with binary gates, which learn by comparing the losses of two mirrored draws.",
        citation="Y. Li, S. Ji. L0-ARM: network sparsification via stochastic binary optimization. ECML 2019. "
        "arXiv:1904.04432.",
        is_baseline=False,
        recipe=_sparsifying_recipe(
            Sparsify(
                epochs=_LENET_EPOCHS,
                optimizer=AdamOptimizer(learning_rate=1e-3),
                learning_rate_decay="none",
                regularizer=L0HardConcreteRegularizer(
                    strength=0.1, weight_decay=5e-4, initial_drop_rate=0.5, estimator="arm"
                ),
            ),
        ),
    ),
    Preset(
        name="liu2017-slimming",
        title="Network slimming",
        summary="An L1 penalty on the scales of batch norms; then the channels with the smallest scales go, and the "
        "network is trained again.",
        citation="Z. Liu, J. Li, Z. Shen, G. Huang, S. Yan, C. Zhang. Learning efficient convolutional networks "
        "through network slimming. ICCV 2017. arXiv:1708.06519.",
        is_baseline=False,
        recipe=_sparsifying_recipe(
            Sparsify(
                epochs=_SLIMMING_EPOCHS,
                optimizer=_SLIMMING,
                learning_rate_decay="steps",
                regularizer=BatchNormL1Regularizer(strength=1e-4),
            ),
            BatchNormScaleCriterion(),
            target=SparsityTarget(sparsity=0.7),
            retrain=Retrain(epochs=_SLIMMING_EPOCHS, optimizer=_SLIMMING, learning_rate_decay="steps"),
            batch_size=64,
        ),
    ),
    Preset(
        name="yang2019-l1-masks",
        title="L1 masks",
        summary="A mask for every channel, trained with an L1 penalty; what hardly matters closes for good.",
        citation="C. Yang, Z. Yang, A. M. Khattak, L. Yang, W. Zhang, W. Gao, M. Wang. Structured pruning of "
        "convolutional neural networks via L1 regularization. IEEE Access 7, 2019. "
        "doi:10.1109/ACCESS.2019.2933032.",
        is_baseline=False,
        recipe=_sparsifying_recipe(
            Sparsify(epochs=_EPOCHS, regularizer=L1MasksRegularizer(strength=1e-2, threshold=3e-3, mask_speed=3.0))
        ),
    ),
    Preset(
        name="wen2016-ssl",
        title="Structured sparsity learning",
        summary="Group lasso over filters and channels at once, so that whole channels become exactly zero.",
        citation="W. Wen, C. Wu, Y. Wang, Y. Chen, H. Li. Learning structured sparsity in deep neural networks. "
        "NIPS 2016. arXiv:1608.03665.",
        is_baseline=False,
        recipe=_sparsifying_recipe(
            Sparsify(epochs=_EPOCHS, regularizer=GroupLassoRegularizer(strength=1e-2, channel_strength=1e-2)), _BY_NORM
        ),
    ),
    Preset(
        name="wen2016-ssl-depth",
        title="Structured sparsity learning of depth",
        summary="Group lasso over whole layers that end a branch beside a shortcut: layers become exactly zero, and "
        "their branches leave the network. For residual networks only.",
        citation="W. Wen, C. Wu, Y. Wang, Y. Chen, H. Li. Learning structured sparsity in deep neural networks. "
        "NIPS 2016. arXiv:1608.03665 (depth of ResNets).",
        is_baseline=False,
        recipe=_sparsifying_recipe(
            Sparsify(
                epochs=_DEPTH_EPOCHS,
                optimizer=_DEPTH,
                learning_rate_decay="steps",
                regularizer=GroupLassoRegularizer(strength=0.0, layer_strength=_DEPTH_STRENGTH),
            ),
            _BY_NORM,
            target=MacTarget(density=_RESNET_14_OF_20),
            retrain=Retrain(
                epochs=_DEPTH_RETRAIN_EPOCHS,
                optimizer=SgdOptimizer(learning_rate=0.01, weight_decay=1e-4),
                learning_rate_decay="steps",
            ),
            batch_size=256,
        ),
    ),
    Preset(
        name="scardapane2017-group-sparse",
        title="Group sparse regularization",
        summary="All outgoing weights of a unit are one group; groups and single weights are shrunk together.",
        citation="S. Scardapane, D. Comminiello, A. Hussain, A. Uncini. Group sparse regularization for deep neural "
        "networks. Neurocomputing 241 (2017), 81-89. arXiv:1607.00485.",
        is_baseline=False,
        recipe=_sparsifying_recipe(
            Sparsify(
                epochs=_EPOCHS,
                optimizer=AdamOptimizer(learning_rate=1e-3),
                regularizer=SparseGroupLassoRegularizer(strength=1e-2, l1_strength=1e-4),
            )
        ),
    ),
    Preset(
        name="pan2016-dropneuron",
        title="DropNeuron",
        summary="The incoming and the outgoing weights of every neuron are a group each: a neuron goes when one of "
        "them is gone.",
        citation="W. Pan, H. Dong, Y. Guo. DropNeuron: simplifying the structure of deep neural networks. "
        "arXiv:1606.07326, 2016.",
        is_baseline=False,
        recipe=_sparsifying_recipe(
            Sparsify(
                epochs=_EPOCHS,
                optimizer=AdamOptimizer(learning_rate=1e-3),
                regularizer=SparseGroupLassoRegularizer(strength=5e-4, l1_strength=1e-4, lines="both", scaling="none"),
            )
        ),
    ),
    Preset(
        name="gomez2019-targeted",
        title="Targeted dropout",
        summary="The channels that would go anyway are dropped at random while the network trains, so that the others "
        "learn to do without them.",
        citation="A. N. Gomez, I. Zhang, S. R. Kamalakara, D. Madaan, K. Swersky, Y. Gal, G. E. Hinton. Learning "
        "sparse networks using targeted dropout. arXiv:1905.13678, 2019.",
        is_baseline=False,
        recipe=_sparsifying_recipe(
            Sparsify(
                epochs=_EPOCHS,
                optimizer=SgdOptimizer(learning_rate=0.01),
                regularizer=TargetedDropoutRegularizer(targeted=0.5, drop_rate=0.5),
            ),
            prune=Prune(criterion=LearnedCriterion(), allocation=UniformAllocation(), schedule=_AT_ONCE, points=1),
            target=SparsityTarget(sparsity=0.5),
        ),
    ),
    Preset(
        name="gomez2019-targeted-weights",
        title="Targeted dropout of weights",
        summary="The smallest weights of every output are dropped at random while the network trains, so that the "
        "others learn to do without them; then they are zero.",
        citation="A. N. Gomez, I. Zhang, S. R. Kamalakara, D. Madaan, K. Swersky, Y. Gal, G. E. Hinton. Learning "
        "sparse networks using targeted dropout. arXiv:1905.13678, 2019.",
        is_baseline=False,
        recipe=_sparsifying_recipe(
            Sparsify(
                epochs=_EPOCHS,
                optimizer=SgdOptimizer(learning_rate=0.01),
                regularizer=TargetedDropoutRegularizer(targeted=0.75, drop_rate=0.66, dropped="weights"),
            ),
            prune=Prune(
                criterion=MagnitudeCriterion(norm=1),
                granularity=UnstructuredGranularity(),
                allocation=UniformAllocation(),
                schedule=_AT_ONCE,
                points=1,
            ),
            target=SparsityTarget(sparsity=0.75),
        ),
    ),
    Preset(
        name="molchanov2017-variational",
        title="Sparse variational dropout",
        summary="Every single weight learns how much noise it bears; those that bear more than they hold become zero.",
        citation="D. Molchanov, A. Ashukha, D. Vetrov. Variational dropout sparsifies deep neural networks. ICML 2017. "
        "arXiv:1701.05369.",
        is_baseline=False,
        recipe=_sparsifying_recipe(
            Sparsify(
                epochs=_LENET_EPOCHS,
                optimizer=AdamOptimizer(learning_rate=1e-3),
                regularizer=VariationalDropoutRegularizer(noise="activations"),
            ),
            prune=Prune(
                criterion=MagnitudeCriterion(norm=1),
                granularity=UnstructuredGranularity(),
                schedule=_AT_ONCE,
                points=1,
            ),
            target=SparsityTarget(sparsity=0.95),
            batch_size=100,
        ),
    ),
    Preset(
        name="louizos2017-bayesian",
        title="Bayesian compression",
        summary="Every channel learns how much noise its scale bears; channels that are mostly noise go.",
        citation="C. Louizos, K. Ullrich, M. Welling. Bayesian compression for deep learning. NIPS 2017. "
        "arXiv:1705.08665 (group normal-Jeffreys).",
        is_baseline=False,
        recipe=_sparsifying_recipe(
            Sparsify(
                epochs=_LENET_EPOCHS,
                optimizer=AdamOptimizer(learning_rate=1e-3),
                learning_rate_decay="none",
                regularizer=BayesianCompressionRegularizer(noise="activations"),
            ),
        ),
    ),
    Preset(
        name="louizos2017-horseshoe",
        title="Bayesian compression, group horseshoe",
        summary="Every channel learns how large its random scale is and how much noise it bears, under a prior that "
        "either lets a scale be or shrinks it to nothing.",
        citation="C. Louizos, K. Ullrich, M. Welling. Bayesian compression for deep learning. NIPS 2017. "
        "arXiv:1705.08665 (group horseshoe).",
        is_baseline=False,
        recipe=_sparsifying_recipe(
            Sparsify(
                epochs=_LENET_EPOCHS,
                optimizer=AdamOptimizer(learning_rate=1e-3),
                learning_rate_decay="none",
                regularizer=BayesianCompressionRegularizer(prior="horseshoe", noise="activations"),
            ),
        ),
    ),
)
"""Target and retraining are shared where the paper does not set them; values that are ours are named in the docs."""

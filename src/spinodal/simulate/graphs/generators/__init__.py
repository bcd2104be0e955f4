"""One small class a law of random graphs."""

from spinodal.simulate.graphs.generators._barabasi_albert import BarabasiAlbert
from spinodal.simulate.graphs.generators._complete import Complete
from spinodal.simulate.graphs.generators._erdos_renyi import ErdosRenyi
from spinodal.simulate.graphs.generators._generator import Generator
from spinodal.simulate.graphs.generators._lattice import Lattice
from spinodal.simulate.graphs.generators._random_regular import RandomRegular
from spinodal.simulate.graphs.generators._ring_of_cliques import RingOfCliques
from spinodal.simulate.graphs.generators._stochastic_block import StochasticBlock
from spinodal.simulate.graphs.generators._watts_strogatz import WattsStrogatz

GENERATORS: dict[str, type[Generator]] = {
    "complete": Complete,
    "random-regular": RandomRegular,
    "erdos-renyi": ErdosRenyi,
    "watts-strogatz": WattsStrogatz,
    "barabasi-albert": BarabasiAlbert,
    "stochastic-block": StochasticBlock,
    "lattice": Lattice,
    "ring-of-cliques": RingOfCliques,
}
"""What each is called on the command line."""

__all__ = [
    "GENERATORS",
    "BarabasiAlbert",
    "Complete",
    "ErdosRenyi",
    "Generator",
    "Lattice",
    "RandomRegular",
    "RingOfCliques",
    "StochasticBlock",
    "WattsStrogatz",
]

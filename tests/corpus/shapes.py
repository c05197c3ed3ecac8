"""All shapes of the corpus."""

from tests.corpus.metadata_shapes import metadata_shapes
from tests.corpus.tar_shapes import tar_shapes
from tests.corpus.wheel_shapes import wheel_shapes
from tests.corpus.zip_shapes import zip_shapes

SHAPES = (*zip_shapes(), *wheel_shapes(), *tar_shapes(), *metadata_shapes())

"""Operating points have pictures of the layers that read the network's inputs."""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('operating_point', sa.Column('first_layers', sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column('operating_point', 'first_layers')

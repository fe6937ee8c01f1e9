"""Operating points tell how many bits their weights need."""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('operating_point', sa.Column('weight_bits', sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column('operating_point', 'weight_bits')

"""Operating points tell which dead channels were removed from them."""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('operating_point', sa.Column('dead_channels', sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column('operating_point', 'dead_channels')

"""Operating points tell which layers were removed from them."""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('operating_point', sa.Column('removed_layers', sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column('operating_point', 'removed_layers')

"""Operating points tell how the scores lay among which their last removal chose."""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('operating_point', sa.Column('scores', sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column('operating_point', 'scores')

"""Operating points are handed out in more formats, and measured."""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('delivery',
    sa.Column('job_id', sa.String(length=32), nullable=False),
    sa.Column('run_id', sa.String(length=32), nullable=False),
    sa.Column('point_index', sa.Integer(), nullable=False),
    sa.Column('format', sa.String(length=16), nullable=True),
    sa.ForeignKeyConstraint(['job_id'], ['job.id'], name=op.f('fk_delivery_job_id_job'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['run_id'], ['job.id'], name=op.f('fk_delivery_run_id_job'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('job_id', name=op.f('pk_delivery'))
    )
    op.create_index(op.f('ix_delivery_run_id'), 'delivery', ['run_id'], unique=False)
    # Plain columns, not in batches: copying a table would make SQLite delete all rows that point at it.
    op.add_column('operating_point', sa.Column('graph_hash', sa.String(length=64), nullable=True))
    op.add_column('operating_point', sa.Column('latency', sa.JSON(), nullable=True))
    op.add_column('artifact', sa.Column('facts', sa.JSON(), nullable=True))


def downgrade() -> None:
    op.execute("DELETE FROM job WHERE kind = 'delivery'")
    op.drop_column('artifact', 'facts')
    op.drop_column('operating_point', 'latency')
    op.drop_column('operating_point', 'graph_hash')
    op.drop_index(op.f('ix_delivery_run_id'), table_name='delivery')
    op.drop_table('delivery')

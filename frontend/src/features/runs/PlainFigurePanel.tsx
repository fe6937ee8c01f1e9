import { Text } from '@mantine/core'
import { Figure } from '@/components/figure/Figure'
import { Panel } from '@/components/Panel'
import { Query } from '@/components/Query'
import { useRunFigure, type FigureName } from '@/lib/queries/useRunFigure'

interface Props {
  id: string
  name: FigureName
  title: string
  help: string
  /** How many rows the figure has, if it grows with them. */
  rows?: number
  /** What is said while there is nothing to draw. */
  empty?: string
}

const LEAST_HEIGHT = 300
const ROW_HEIGHT = 20

/** A figure that needs no controls. */
export function PlainFigurePanel({ id, name, title, help, rows = 0, empty = 'No step has been finished yet.' }: Props) {
  const height = Math.max(LEAST_HEIGHT, rows * ROW_HEIGHT)
  return (
    <Panel title={title} help={help}>
      <Query
        query={useRunFigure(id, name)}
        height={height}
        isEmpty={(data) => data.data.length === 0}
        empty={<Text c="dimmed" size="sm">{empty}</Text>}
      >
        {(data) => <Figure figure={data} name={name} label={title} height={height} />}
      </Query>
    </Panel>
  )
}

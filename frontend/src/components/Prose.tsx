import { List, Stack, Text } from '@mantine/core'
import { readProse, type Part } from '@/lib/prose'
import { CodeBlock } from './CodeBlock'
import { Sentence } from './Sentence'

/** A text from the server: sentences, lists, and code that can be copied. */
export function Prose({ text }: { text: string }) {
  return (
    <Stack gap="xs">
      {readProse(text).map((part, index) => (
        <ProsePart key={index} part={part} />
      ))}
    </Stack>
  )
}

function ProsePart({ part }: { part: Part }) {
  switch (part.kind) {
    case 'code':
      return <CodeBlock code={part.text} label="the code" testId="snippet" />
    case 'list':
      return (
        <List size="sm" spacing={2} styles={{ itemWrapper: { overflowWrap: 'anywhere' } }}>
          {part.items.map((item, index) => (
            <List.Item key={index}>
              <Sentence text={item} />
            </List.Item>
          ))}
        </List>
      )
    case 'text':
      return (
        <Text size="sm" style={{ whiteSpace: 'pre-line', overflowWrap: 'anywhere' }}>
          <Sentence text={part.text} />
        </Text>
      )
  }
}

import { ActionIcon, Box, CopyButton, Tooltip } from '@mantine/core'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import classes from './CodeBlock.module.css'

interface Props {
  code: string
  /** What the button copies, in words. */
  label: string
  testId?: string
}

/** Lines of code with a button that copies them. */
export function CodeBlock({ code, label, testId }: Props) {
  return (
    <Box className={classes.block}>
      <pre className={classes.code} data-testid={testId} tabIndex={0} aria-label={label}>
        {code}
      </pre>
      <CopyButton value={code}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? 'Copied' : `Copy ${label}`}>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="md"
              className={classes.copy}
              onClick={copy}
              aria-label={`Copy ${label}`}
            >
              {copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Box>
  )
}

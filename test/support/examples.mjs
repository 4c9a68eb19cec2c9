// Runs programs one after another in one process, so that Effect is loaded once. Each runs until its event loop is empty.
// `node examples.mjs FOLDER NAME …`
const [folder, ...names] = process.argv.slice(2)

const next = () => {
  const name = names.shift()
  if (name !== undefined) {
    process.stdout.write(`\n=== ${name}\n`)
    void import(`${folder}/${name}.mjs`)
  }
}

process.on("beforeExit", next)
next()

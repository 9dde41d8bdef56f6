console.log("never changes")

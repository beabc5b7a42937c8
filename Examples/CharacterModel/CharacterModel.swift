import ArgumentParser

@main
struct CharacterModel: ParsableCommand {}

/* SPDX-License-Identifier: MIT
 * pe-mutate [--seed N] [--count N] [--first N] [--emit DIR N] [--corpus DIR] [FILE ...]
 *
 * Runs pe/ over mutants of the builder's images and of the given PE files (others are skipped). Mutant i depends on the seed, i and
 * the files alone. --emit writes N mutants instead, --corpus the unmutated builder images.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "builder.h"
#include "mutate.h"

#define MAX_SEEDS 256
#define MAX_FILE (2u << 20)
#define SPARE 0x10000

typedef struct SETTINGS {
    uint64_t Seed, First, Count;
    const char *EmitDirectory, *CorpusDirectory;
} SETTINGS;

static SEED Seeds[MAX_SEEDS];
static uint32_t SeedCount;
static uint8_t Mutant[MAX_FILE + SPARE];

static const char *const VariantNames[BUILD_VARIANT_COUNT] = { "full", "flat", "flat-small", "large", "driver", "minimal" };

static void AddSeed(const char *Name, const uint8_t *Bytes, size_t Size)
{
    uint8_t *copy = malloc(Size);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, Bytes, Size);
    Seeds[SeedCount++] = (SEED){ Name, copy, Size };
}

static void AddBuilt(void)
{
    static BUILDER builder;
    for (int i = 0; i < BUILD_VARIANT_COUNT; i++) {
        BuildImage(&builder, (BUILD_VARIANT)i);
        AddSeed(VariantNames[i], builder.File, builder.FileSize);
    }
}

/* A file that is missing or not for us is no error: the build's own images may not be there yet. */
static void AddFile(const char *Path)
{
    PE_IMAGE image;
    FILE *file = fopen(Path, "rb");
    size_t size = file == NULL ? 0 : fread(Mutant, 1, MAX_FILE + 1, file);
    if (file != NULL) {
        fclose(file);
    }
    if (size == 0 || size > MAX_FILE || SeedCount == MAX_SEEDS || PeParse(Mutant, size, PE_LAYOUT_FILE, NULL, &image) != PE_OK) {
        printf("skipped %s\n", Path);
        return;
    }
    AddSeed(Path, Mutant, size);
}

static void WriteFileTo(const char *Directory, const char *Name, const uint8_t *Bytes, size_t Size)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", Directory, Name);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(Bytes, 1, Size, file) != Size || fclose(file) != 0) {
        perror(path);
        exit(2);
    }
}

static void WriteCorpus(const SETTINGS *Settings)
{
    for (uint32_t i = 0; i < BUILD_VARIANT_COUNT; i++) {
        WriteFileTo(Settings->CorpusDirectory, Seeds[i].Name, Seeds[i].Bytes, Seeds[i].Size);
    }
}

/* Three of four mutants are of built images, which are smaller and have more in them. */
static size_t MakeMutant(const SETTINGS *Settings, uint64_t Number, RANDOM *Random)
{
    Random->State = Settings->Seed * 0xD1342543DE82EF95ull + Number;
    bool built = SeedCount == BUILD_VARIANT_COUNT || Below(Random, 4) != 0;
    uint32_t seed = built ? Below(Random, BUILD_VARIANT_COUNT)
                          : BUILD_VARIANT_COUNT + Below(Random, SeedCount - BUILD_VARIANT_COUNT);
    return Mutate(&Seeds[seed], &Seeds[Below(Random, SeedCount)], Random, Mutant);
}

static void Report(const SETTINGS *Settings, const uint64_t *Statuses, const uint64_t *Rules)
{
    uint64_t accepted = Statuses[PE_OK];
    printf("seed %llu: %llu mutants of %u images, %llu accepted, %llu refused\n", (unsigned long long)Settings->Seed,
           (unsigned long long)Settings->Count, SeedCount, (unsigned long long)accepted,
           (unsigned long long)(Settings->Count - accepted));
    for (int i = 1; i < PE_STATUS_COUNT; i++) {
        if (Statuses[i] != 0) {
            printf("  %8llu %s\n", (unsigned long long)Statuses[i], PeStatusText((PE_STATUS)i));
        }
    }
    uint32_t reached = 0;
    for (int i = 1; i < PE_RULE_COUNT; i++) {
        reached += Rules[i] != 0;
    }
    printf("  accepted without a finding %llu, different rules broken %u of %d\n", (unsigned long long)Rules[PE_RULE_NONE], reached,
           PE_RULE_COUNT - 1);
}

static void RunMutants(const SETTINGS *Settings)
{
    static uint64_t statuses[PE_STATUS_COUNT];
    static uint64_t rules[PE_RULE_COUNT];
    for (uint64_t i = 0; i < Settings->Count; i++) {
        RANDOM random;
        PE_RULE rule;
        size_t size = MakeMutant(Settings, Settings->First + i, &random);
        statuses[Exercise(Mutant, size, &random, &rule)]++;
        rules[rule]++;
    }
    Report(Settings, statuses, rules);
}

static void EmitMutants(const SETTINGS *Settings)
{
    uint64_t accepted = 0;
    for (uint64_t i = 0; i < Settings->Count; i++) {
        RANDOM random;
        PE_IMAGE image;
        char name[32];
        size_t size = MakeMutant(Settings, Settings->First + i, &random);
        accepted += PeParse(Mutant, size, PE_LAYOUT_FILE, NULL, &image) == PE_OK;
        snprintf(name, sizeof(name), "m%06llu.sys", (unsigned long long)(Settings->First + i));
        WriteFileTo(Settings->EmitDirectory, name, Mutant, size);
    }
    printf("seed %llu: wrote %llu mutants, PeParse accepts %llu\n", (unsigned long long)Settings->Seed,
           (unsigned long long)Settings->Count, (unsigned long long)accepted);
}

static const char *Next(int Count, char **Arguments, int *At)
{
    if (++*At >= Count) {
        fprintf(stderr, "usage: pe-mutate [--seed N] [--count N] [--first N] [--emit DIR N] [--corpus DIR] [FILE ...]\n");
        exit(2);
    }
    return Arguments[*At];
}

int main(int Count, char **Arguments)
{
    SETTINGS settings = { .Seed = 1, .Count = 20000 };
    AddBuilt();
    for (int i = 1; i < Count; i++) {
        if (strcmp(Arguments[i], "--seed") == 0) {
            settings.Seed = strtoull(Next(Count, Arguments, &i), NULL, 0);
        } else if (strcmp(Arguments[i], "--count") == 0) {
            settings.Count = strtoull(Next(Count, Arguments, &i), NULL, 0);
        } else if (strcmp(Arguments[i], "--first") == 0) {
            settings.First = strtoull(Next(Count, Arguments, &i), NULL, 0);
        } else if (strcmp(Arguments[i], "--corpus") == 0) {
            settings.CorpusDirectory = Next(Count, Arguments, &i);
        } else if (strcmp(Arguments[i], "--emit") == 0) {
            settings.EmitDirectory = Next(Count, Arguments, &i);
            settings.Count = strtoull(Next(Count, Arguments, &i), NULL, 0);
        } else {
            AddFile(Arguments[i]);
        }
    }
    if (settings.CorpusDirectory != NULL) {
        WriteCorpus(&settings);
    } else if (settings.EmitDirectory != NULL) {
        EmitMutants(&settings);
    } else {
        RunMutants(&settings);
    }
    for (uint32_t i = 0; i < SeedCount; i++) {
        free(Seeds[i].Bytes);
    }
    return 0;
}

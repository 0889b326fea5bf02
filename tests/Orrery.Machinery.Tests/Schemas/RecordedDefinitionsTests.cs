using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;
using Orrery.Machinery.Schemas.Definitions;

namespace Orrery.Machinery.Tests.Schemas;

public sealed class RecordedDefinitionsTests
{
    private static readonly GroupKind Kind = new("apiextensions.k8s.io", "CustomResourceDefinition");

    [Fact]
    public void ValidateCreate_RecordedBadDefinitions_GivesUpstreamsMessages()
    {
        int compared = 0;
        foreach (JsonObject step in Transcripts.Scenario("types.json", "bad-definitions"))
        {
            JsonObject definition = step.Body().DeepClone().AsObject();
            DefinitionDefaults.Apply(definition);
            definition["status"] = DefinitionDefaults.InitialStatus(definition);
            IReadOnlyList<FieldError> errors = DefinitionValidation.ValidateCreate(definition);
            Assert.NotEmpty(errors);
            Assert.Equal((string)step.Answer()["message"]!, ApiErrors.Invalid(Kind, definition.Name, errors).Message);
            compared++;
        }

        Assert.Equal(11, compared);
    }

    [Fact]
    public void ValidateUpdate_StorageVersionRemoved_GivesUpstreamsMessage()
    {
        IReadOnlyList<JsonObject> steps = Transcripts.Scenario("types.json", "cluster-scoped-and-versions");
        JsonObject old = steps[1].Answer();
        Assert.Empty(DefinitionValidation.ValidateCreate(old));
        JsonObject changed = old.DeepClone().AsObject();
        changed["spec"]!["versions"]!.AsArray().RemoveAt(0);
        Assert.Equal(
            (string)steps[8].Answer()["message"]!,
            ApiErrors.Invalid(Kind, changed.Name, DefinitionValidation.ValidateUpdate(changed, old, established: true)).Message);
    }

    /// <summary>Versions that did not change were judged when they were written; everything else is judged again.</summary>
    [Fact]
    public void ValidateUpdate_SameVersions_JudgesTheRest()
    {
        JsonObject old = Transcripts.Scenario("types.json", "cluster-scoped-and-versions")[1].Answer();
        JsonObject same = old.DeepClone().AsObject();
        same["metadata"]!["labels"] = new JsonObject { ["a"] = "b" };
        Assert.Empty(DefinitionValidation.ValidateUpdate(same, old, established: true));

        same["spec"]!["names"]!["kind"] = "Other";
        Assert.Contains(DefinitionValidation.ValidateUpdate(same, old, established: true), e => e.Field == "spec.names.kind");

        same["spec"]!["names"]!["kind"] = old["spec"]!["names"]!["kind"]!.DeepClone();
        same["spec"]!["versions"]![0]!["name"] = "No_Version";
        Assert.Contains(DefinitionValidation.ValidateUpdate(same, old, established: true), e => e.Field == "spec.versions[0].name");
    }

    [Fact]
    public void Decode_RecordedDefinition_ComesOutAsAnswered()
    {
        JsonObject step = Transcripts.Scenario("types.json", "custom-resources")[1];
        GroupVersionKind kind = step.Body().GroupVersionKind;
        Schema schema = BuiltinTypes.Instance.Find(kind)!;
        JsonObject definition = step.Body().DeepClone().AsObject();
        Assert.Empty(ObjectDecoding.Builtin(definition, default, kind, schema));
        DefinitionDefaults.Apply(definition);
        definition["status"] = DefinitionDefaults.InitialStatus(definition);
        GoShape.Normalize(definition, schema);
        Assert.Empty(DefinitionValidation.ValidateCreate(definition));
        Assert.True(JsonNode.DeepEquals(step.Answer()["spec"], definition["spec"]), definition["spec"]!.ToJsonString());
        Assert.True(JsonNode.DeepEquals(step.Answer()["status"], definition["status"]), definition["status"]!.ToJsonString());
    }
}

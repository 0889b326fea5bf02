using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Tests.Schemas;

public sealed class RecordedCustomObjectsTests
{
    private static readonly GroupVersionKind Kind = new("stable.example.com", "v1", "CronTab");
    private static readonly ScalePaths Scale = new(".spec.replicas", ".status.replicas", ".status.labelSelector");

    [Fact]
    public void Validate_RecordedCreates_GivesUpstreamsFaultsAndObjects()
    {
        IReadOnlyList<JsonObject> steps = Transcripts.Scenario("types.json", "custom-resources");
        Schema schema = CustomSchema.Parse(steps[1].Body()["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!.AsObject());
        int refused = 0, accepted = 0;
        foreach (JsonObject step in steps.Where(s => (string?)s["method"] == "POST" && s["body"] is JsonObject body && (string?)body["apiVersion"] == "stable.example.com/v1"))
        {
            byte[] utf8 = Encoding.UTF8.GetBytes(step.Body().ToJsonString());
            JsonObject json = ObjectDecoding.Parse(utf8, "CronTab");
            IReadOnlyList<string> faults = ObjectDecoding.Custom(json, utf8, Kind, schema);
            Assert.Equal(faults, ObjectDecoding.Custom(step.Body().DeepClone().AsObject(), default, Kind, schema));
            if (step.Code() == 400)
            {
                Assert.Equal((string)step.Answer()["message"]!, DecodingFaults.Strict(Kind, "CronTab", faults).Message);
                refused++;
                continue;
            }

            Assert.Equal(step["expect"]!["warnings"] is JsonArray w ? w.Select(x => (string)x!) : [], faults.Select(f => $"299 - {JsonValue.Create(f).ToJsonString().Replace("\\u0022", "\\\"", StringComparison.Ordinal)}"));
            Defaulting.Apply(json, schema);
            IReadOnlyList<FieldError> errors = SchemaValidation.ValidateTypeMeta(json, Kind) is { Count: > 0 } meta ? meta : SchemaValidation.Validate(json, schema, scale: Scale);
            if (step.Code() == 422)
            {
                Assert.NotEmpty(errors);
                StatusException fault = ApiErrors.Invalid(new GroupKind(Kind.Group, json.Kind), json.Name, errors);
                // Upstream walks its members in no order: the causes agree as a set.
                Assert.Equal(
                    step.Answer()["details"]!["causes"]!.AsArray().Select(c => $"{c!["field"]} {c["reason"]} {c["message"]}").Order(StringComparer.Ordinal),
                    fault.Status.Details!.Causes.Select(c => $"{c.Field} {c.Reason} {c.Message}").Order(StringComparer.Ordinal));
                refused++;
            }
            else
            {
                Assert.Empty(errors);
                Assert.True(JsonNode.DeepEquals(step.Answer()["spec"], json["spec"]), json.ToJsonString());
                accepted++;
            }
        }

        Assert.Equal((21, 4), (refused, accepted));
    }
}
